/** A host and its port in one word, as URLs and the files of balancers write it: an IPv6 address stands in brackets. */

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `web1:80`, `127.0.0.1:80`, `[::1]:80`. */
export function hostPort({ host, port }: HostPort): string {
  // No name and no IPv4 address holds one.
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
