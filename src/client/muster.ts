/**
 * The client of a fleet: send commands, ask, wait until a change is in traffic, follow events, publish projects.
 *
 * Promises: every call settles by its deadline; a repeated command id has one effect. Must not know: how the fleet
 * decides; the domain and the coordinator are never imported here, so that an SDK stays light.
 * Duty of the caller: `close()`.
 */
import { randomInt } from 'node:crypto';
import type { CommandPayloadInput, CommandType } from '../../schemas/commands.ts';
import type { Event } from '../../schemas/events.ts';
import { Digest, FleetId, type Position, Principal } from '../../schemas/ids.ts';
import type { ReplicaBeat } from '../../schemas/coordinators.ts';
import type { QueryAskInput, QueryName } from '../../schemas/views.ts';
import type { Bus } from '../nats/bus.ts';
import { type ConnectBusOptions, connectBus } from '../nats/connect.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { Failure } from '../std/failure.ts';
import { type CoordinatorsOptions, coordinators } from './coordinators.ts';
import { CommandSender, type SendOptions, type SendOutcome } from './command-sender.ts';
import { type EventsOptions, feedEvents } from './feed.ts';
import { type Published, publishFolder, uploadBundle } from './publishing.ts';
import { type QueryOptions, type QueryResult, query } from './queries.ts';
import { type ReplacementWaitOptions, type Replacing, waitForReplacement } from './replacement-wait.ts';
import { type RolloutOutcome, type RolloutWaitOptions, waitForRollout } from './rollout-follow.ts';
import { fitsOneCommand, serverChanges, splitServerChanges } from './set-servers.ts';
import { type WaitOptions, type WaitOutcome, waitForTraffic } from './traffic-wait.ts';

export interface Muster {
  readonly fleet: FleetId;
  readonly principal: Principal;
  /** A fresh command id: for a caller that wants to repeat a command itself after a failure. */
  nextId(): string;
  send<T extends CommandType>(type: T, payload: CommandPayloadInput<T>, options?: SendOptions): Promise<SendOutcome>;
  /** Brings a group to these servers, or adds and removes some, in as many commands as it takes. */
  setServers(change: SetServers, options?: SendOptions): Promise<SetServersOutcome>;
  query<Q extends QueryName>(name: Q, ask: QueryAskInput<Q>, options?: QueryOptions): Promise<QueryResult<Q>>;
  /** The coordinators that live, as each says of itself: takes the time of two of their beats. */
  coordinators(options?: CoordinatorsOptions): Promise<readonly ReplicaBeat[]>;
  wait(position: Position, options: WaitOptions): Promise<WaitOutcome>;
  /** After `server.replace`: waits until the one is in traffic and the other has left. */
  waitForReplacement(replacing: Replacing, options?: ReplacementWaitOptions): Promise<WaitOutcome>;
  /** After `deployment.request` and the like: follows the rollout of that position until it is over or needs a person. */
  waitForRollout(rollout: Position, options: RolloutWaitOptions): Promise<RolloutOutcome>;
  events(options: EventsOptions): AsyncIterable<Event>;
  uploadBundle(digest: string, bytes: Uint8Array): Promise<'stored' | 'present'>;
  publishProject(folder: string, version: string, options?: SendOptions): Promise<Published>;
  close(): Promise<void>;
}

export interface SetServers {
  readonly group: string;
  /** The whole list; or `add` and `remove`. */
  readonly servers?: readonly string[];
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** The outcomes in order; the first rejection ends it, and what came before it stands. Empty: there is nothing to do. */
export interface SetServersOutcome {
  readonly outcomes: readonly SendOutcome[];
  readonly planned: number;
}

export interface ConnectMusterOptions extends Omit<ConnectBusOptions, 'clock' | 'principal' | 'random'> {
  /** Default `main`. */
  readonly fleet?: string;
  /** Who asks. NATS permissions enforce it; the embedded default believes it. */
  readonly principal: string;
  readonly clock?: Clock;
  /** For command ids and jitter, in [0, 1). Default: from the system's random source. */
  readonly random?: () => number;
}

export async function connectMuster(options: ConnectMusterOptions): Promise<Muster> {
  const { fleet: fleetName = 'main', clock = systemClock, random = secureRandom, ...connection } = options;
  const fleet = parseToken(FleetId, 'fleet', fleetName);
  const principal = parseToken(Principal, 'principal', options.principal);
  const bus = await connectBus({ ...connection, principal, clock, random });
  const muster = createMuster({ bus, fleet, principal, clock, random });
  return {
    ...muster,
    async close() {
      await muster.close();
      await bus.close();
    },
  };
}

export interface CreateMusterOptions {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly principal: Principal;
  readonly clock: Clock;
  readonly random: () => number;
}

/** A client on a bus that is somebody else's to close. */
export function createMuster({ bus, fleet, principal, clock, random }: CreateMusterOptions): Muster {
  const sender = new CommandSender({ bus, fleet, principal, clock, random });
  return {
    fleet,
    principal,
    nextId: sender.nextId,
    send: (type, payload, options) => sender.send(type, payload, options),
    setServers: (change, options) => setServers({ bus, fleet, sender }, change, options),
    query: (name, ask, options) => query({ bus, fleet }, { name, ask, ...(options === undefined ? {} : { options }) }),
    coordinators: (options) => coordinators({ bus, fleet, clock }, options),
    wait: (position, options) => waitForTraffic({ bus, fleet, clock }, position, options),
    waitForReplacement: (replacing, options) => waitForReplacement({ bus, fleet, clock }, replacing, options),
    waitForRollout: (rollout, options) => waitForRollout({ bus, fleet, clock }, rollout, options),
    events: (options) => feedEvents({ bus, fleet, clock, random }, options),
    uploadBundle: async (digest, bytes) => uploadBundle({ bus, fleet }, parseToken(Digest, 'digest', digest), bytes),
    publishProject: (folder, version, options = {}) =>
      publishFolder({ bus, fleet }, { sender, folder, version, options }),
    close: async () => sender.close(),
  };
}

interface Client {
  readonly bus: Bus;
  readonly fleet: FleetId;
  readonly sender: CommandSender;
}

async function setServers(client: Client, change: SetServers, options: SendOptions = {}): Promise<SetServersOutcome> {
  const { sender } = client;
  const commands = await plannedCommands(client, change);
  const outcomes: SendOutcome[] = [];
  let { ifPosition } = options;
  for (const [index, command] of commands.entries()) {
    const { id, ifPosition: _first, ...rest } = options;
    const outcome = await sender.send('group.set-servers', command, {
      ...rest,
      ...(id === undefined ? {} : { id: commands.length === 1 ? id : `${id}-${index + 1}` }),
      ...(ifPosition === undefined ? {} : { ifPosition }),
    });
    outcomes.push(outcome);
    if (outcome.status === 'rejected' && outcome.rejection.code !== 'unchanged') break;
    // Each part builds on the one before it: nobody else's change may stand between them unnoticed.
    if (ifPosition !== undefined && outcome.status === 'accepted') ifPosition = outcome.position;
  }
  return { outcomes, planned: commands.length };
}

async function plannedCommands(
  { bus, fleet }: Client,
  change: SetServers,
): Promise<CommandPayloadInput<'group.set-servers'>[]> {
  const { group, servers, add = [], remove = [] } = change;
  if (fitsOneCommand(servers ?? [], add, remove)) return [oneCommand(change)];
  if (servers === undefined) return splitServerChanges({ group, add, remove });
  const present = await query({ bus, fleet }, { name: 'group', ask: { group } });
  if (present.status === 'error') {
    throw new Failure({ code: 'unavailable', retryable: false, message: present.message });
  }
  const members = present.data.servers;
  // Whoever drains or is lost may be on its way out: naming it lets the fleet refuse what it cannot undo.
  const staying = members.filter(({ status }) => status !== 'draining' && status !== 'lost');
  return splitServerChanges({
    group,
    add: serverChanges(namesOf(staying), servers).add,
    remove: serverChanges(namesOf(members), servers).remove,
  });
}

function namesOf(servers: readonly { readonly server: string }[]): string[] {
  return servers.map(({ server }) => server);
}

function oneCommand({ group, servers, add, remove }: SetServers): CommandPayloadInput<'group.set-servers'> {
  return {
    group,
    ...(servers === undefined ? {} : { servers: [...servers] }),
    ...(add === undefined ? {} : { add: [...add] }),
    ...(remove === undefined ? {} : { remove: [...remove] }),
  };
}

/** Names go into subjects: what is no token is refused here, before it can change what a subject means. */
function parseToken<T>(
  schema: {
    safeParse(
      value: unknown,
    ): { success: true; data: T } | { success: false; error: { issues: { message: string }[] } };
  },
  what: string,
  value: string,
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const message = `${what} "${value}" ${parsed.error.issues[0]?.message ?? 'is not of the right form'}`;
  throw new Failure({ code: 'config-invalid', retryable: false, message });
}

function secureRandom(): number {
  return randomInt(2 ** 48 - 1) / 2 ** 48;
}
