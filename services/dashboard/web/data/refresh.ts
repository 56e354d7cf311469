/**
 * What of the page is read again when something happens. One change of the log touches what is on the screen and
 * nothing else: queries that no screen shows are only marked, and read when one does.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { Event } from '../../../../schemas/events.ts';
import { Coalesced } from './coalesced.ts';
import { namedMax, rereadServers, type ServersById } from './servers.ts';
import type { Line, Observed } from './shapes.ts';

/** What one record of the log brings comes within this; the pause after a reading gathers what follows. */
const gatherMs = 5;

export class Refresh {
  readonly #client: QueryClient;
  readonly #views: Coalesced;
  readonly #servers: Coalesced;
  /** Servers to read again; null: all of them. */
  #named: Set<string> | null = new Set();
  /** Something of the log changed, not only what was observed. */
  #isLogged = false;

  constructor(client: QueryClient) {
    this.#client = client;
    this.#views = new Coalesced({ gatherMs, restShare: 1, run: () => this.#rereadViews() });
    this.#servers = new Coalesced({ gatherMs, restShare: 1, run: () => this.#rereadServers() });
  }

  line({ event }: Line): void {
    if (event.type === 'log.checkpointed') return;
    this.#isLogged = true;
    // First: a browser asks six things at a time, and rows of servers are what is looked at.
    this.#name(serversOf(event));
    this.#views.ask();
  }

  observed({ servers }: Observed): void {
    this.#name(servers);
    this.#views.ask();
  }

  everything(): void {
    this.#isLogged = true;
    this.#views.ask();
    this.#name(null);
  }

  #name(servers: readonly string[] | null): void {
    if (servers === null) this.#named = null;
    else for (const server of servers) this.#named?.add(server);
    if (this.#named !== null && this.#named.size > namedMax) this.#named = null;
    if (this.#named === null || this.#named.size > 0) this.#servers.ask();
  }

  async #rereadViews(): Promise<void> {
    const isLogged = this.#isLogged;
    this.#isLogged = false;
    await this.#client.invalidateQueries({
      predicate: ({ queryKey: [name, at] }) =>
        at === null && !ownPace.has(String(name)) && (isLogged || !loggedOnly.has(String(name))),
    });
  }

  async #rereadServers(): Promise<void> {
    const named = this.#named;
    this.#named = new Set();
    const byId = this.#client.getQueryData<ServersById>(['servers', null]);
    if (named === null || byId === undefined) {
      await this.#client.invalidateQueries({ queryKey: ['servers', null] });
      return;
    }
    try {
      const next = await rereadServers(byId, [...named]);
      this.#client.setQueryData(['servers', null], next);
    } catch {
      // The whole is read again instead: that reading shows its own failure.
      await this.#client.invalidateQueries({ queryKey: ['servers', null] });
    }
  }
}

/** Servers are read by name, and traffic goes on by itself. */
const ownPace = new Set(['servers', 'traffic']);

/** What only the log changes: heartbeats and receipts are no reason to read it again. */
const loggedOnly = new Set(['projects', 'events', 'session']);

/** Whom an event touches; null: everybody of a group, whoever they are. */
function serversOf(event: Event): readonly string[] | null {
  const { data } = event;
  if (event.type === 'group.servers-set') return [...event.data.joined, ...event.data.leaving];
  const named = [
    'server' in data ? data.server : undefined,
    'by' in data ? data.by : undefined,
    'servers' in data && Array.isArray(data.servers) ? data.servers : undefined,
  ].flat();
  const servers = named.filter((id): id is never => typeof id === 'string');
  if (servers.length > 0) return servers;
  return event.type.startsWith('project.') || event.type.startsWith('coordinator.') ? [] : null;
}
