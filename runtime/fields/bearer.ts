// `Authorization: Bearer <token>` (RFC 6750, 2.1): the scheme is matched without case (RFC 9110, 11.1), the token exactly. Pure.

/** Undefined: another scheme, or not exactly one token. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
}
