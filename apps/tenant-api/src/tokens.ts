/** Names under which Nest hands out what the app is built from. */
export const PORTS = Symbol('ports');
export const ISSUER = Symbol('bootstrap issuer');
export const SETTINGS = Symbol('settings');
