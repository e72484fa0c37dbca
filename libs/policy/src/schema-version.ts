/** Part of every hash and image: a change of what the same rules mean raises it. */
export const schemaVersion = 1;
