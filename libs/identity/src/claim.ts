import type { JsonObject, JsonValue } from '@writ/domain';
import { isObject } from './token.js';

/**
 * A claim by its name; where there is none of that name, dots walk into objects (`realm_access.roles`). A name that begins
 * with a slash is a path of whole names (`/kubernetes.io/namespace`).
 */
export function claimOf(claims: JsonObject, name: string): JsonValue | undefined {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: JsonValue | undefined = claims;
  for (const part of name.startsWith('/') ? name.slice(1).split('/') : name.split('.'))
    value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  return value;
}

export function textClaim(claims: JsonObject, name: string): string | undefined {
  const value = claimOf(claims, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The audiences of a token; empty when the claim is missing or is anything else than text or texts. */
export function audiencesOf(claims: JsonObject): readonly string[] {
  const value = claims['aud'];
  const list: readonly JsonValue[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.every((one): one is string => typeof one === 'string') ? list : [];
}

/** The app a credential was issued to. */
export function appOf(claims: JsonObject): string | undefined {
  return textClaim(claims, 'azp') ?? textClaim(claims, 'client_id') ?? textClaim(claims, 'appid');
}
