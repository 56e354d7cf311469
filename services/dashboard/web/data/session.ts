/** Who looks: the bearer token of this tab, if the fleet asks for one. It ends with the tab; nothing is ambient. */
const tokenKey = 'muster.token';

let token: string | null = sessionStorage.getItem(tokenKey);

export function authorization(): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

export function keepToken(given: string): void {
  token = given;
  sessionStorage.setItem(tokenKey, given);
}

export function dropToken(): void {
  token = null;
  sessionStorage.removeItem(tokenKey);
}

export type Role = 'viewer' | 'operator' | 'admin';

/** What `GET /v1/session` answers. */
export interface Session {
  readonly principal: string;
  readonly role: Role;
  /** Nobody is asked for a token: loopback only. */
  readonly open: boolean;
  readonly version: string;
  readonly fleet: string;
}
