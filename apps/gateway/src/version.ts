/** What every decision record says of the build that made it. */
export const buildVersion = '0.1.0';
