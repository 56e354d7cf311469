/** The coordinator's half of the bus, played by a test: it answers what it is told to and publishes by hand. */
import type { Assignment, Directive } from '../../schemas/directive.ts';
import { type FleetId, GroupId, type LogId, type ServerId } from '../../schemas/ids.ts';
import { Beat, Receipt } from '../../schemas/receipt.ts';
import type { Probe } from '../../schemas/rollout.ts';
import { lastToken, subjects } from '../../schemas/subjects.ts';
import type { PackedBundle } from '../../src/bundles/pack.ts';
import type { Bus, BusMessage } from '../../src/nats/bus.ts';
import { streamDefinitions, streamNames } from '../../src/nats/stream-definitions.ts';
import { decodeBody } from '../../src/wire/body.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { eventually } from './eventually.ts';
import { ensureReached } from './nats-bus.ts';
import { natsReplicas } from './nats-choice.ts';

export interface Wanted {
  readonly bundle: PackedBundle;
  readonly version: string;
  readonly probe?: Probe;
}

export class HandCoordinator {
  readonly beats: Beat[] = [];
  readonly receipts: Receipt[] = [];
  /** The bodies of registrations, in order. */
  readonly registrations: Record<string, unknown>[] = [];
  /** Set what the next answers say. */
  log: LogId;
  known = true;
  /** What it answers to a beat that says what it would register; undefined: nothing, as older coordinators. */
  registered: boolean | undefined;
  /** How often it would hear from the server; undefined: it does not say. */
  beatMs: number | undefined;
  position = 0;
  /** The bodies of requests to be drained, in order. */
  readonly drains: Record<string, unknown>[] = [];
  /** `drain`: directs the server to drain at once; `accept`: leaves that to the test; `silence`: never answers. */
  onDrain: 'drain' | 'accept' | 'silence' = 'drain';
  readonly #bus: Bus;
  readonly #fleet: FleetId;
  readonly #server: ServerId;
  #assignment = { term: 0, position: 0 };
  #directive = { term: 0, position: 0 };
  #group: GroupId | null = null;
  /** Directed in this group, and not assigned to it yet. */
  #directedIn: string | undefined;
  #wanted: readonly Wanted[] = [];
  readonly #subscriptions: { unsubscribe(): void }[] = [];
  /** What it publishes by itself. The agent may have heard it, and be done, before three servers have stored it. */
  #storing: Promise<unknown> = Promise.resolve();

  private constructor(bus: Bus, names: { fleet: FleetId; server: ServerId; log: LogId }) {
    this.#bus = bus;
    this.#fleet = names.fleet;
    this.#server = names.server;
    this.log = names.log;
  }

  static async start(bus: Bus, names: { fleet: FleetId; server: ServerId; log: LogId }): Promise<HandCoordinator> {
    const coordinator = new HandCoordinator(bus, names);
    const sizes = { log: 1e7, commands: 1e7, groups: 1e7, pools: 1e7, feed: 1e7 };
    await ensureReached(bus, streamDefinitions(names.fleet, { replicas: natsReplicas(), sizes }).groups);
    await bus.ensureBucket({ bucket: streamNames(names.fleet).bundles, replicas: natsReplicas(), maxBytes: 1e8 });
    coordinator.listen();
    await bus.flush();
    return coordinator;
  }

  listen(): void {
    const fleet = this.#fleet;
    const hear = (subject: string, onMessage: (message: BusMessage) => void) =>
      this.#subscriptions.push(this.#bus.subscribe({ subject, onMessage }));
    hear(subjects.allBeats(fleet), (message) => {
      const beat = decodeMessage(Beat, message.data, 'a heartbeat');
      this.beats.push(beat);
      // As the coordinator does: a receipt of a former start of the agent proves nothing about this one.
      const receipt = this.receipts.findLast(({ instance }) => instance === beat.instance)?.position ?? 0;
      const { log, known } = this;
      const registered = this.registered === undefined ? {} : { registered: this.registered };
      const pace = this.beatMs === undefined ? {} : { beatMs: this.beatMs };
      const stamps = { assignment: this.#assignment, directive: this.#directive };
      const head = { log, term: 1, known, ...registered, ...pace };
      message.respond(encodeMessage({ ...head, group: this.#group, ...stamps, receipt }));
    });
    hear(subjects.allReceipts(fleet), (message) =>
      this.receipts.push(decodeMessage(Receipt, message.data, 'a receipt')),
    );
    hear(subjects.allDo(fleet), (message) => {
      const body = decodeBody(message.data);
      if (body.status !== 'ok') throw new Error('not a command');
      const verb = lastToken(message.subject);
      if (verb === 'register') this.#register(message, body.value);
      else if (verb === 'drain') this.#drain(message, body.value);
      else throw new Error(`no agent asks for ${message.subject}`);
    });
  }

  /** The control plane is gone, NATS is not: whoever asks hears that nobody responds. */
  deafen(): void {
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe();
  }

  /** To be awaited before its bus is closed. */
  async stop(): Promise<void> {
    this.deafen();
    await this.#storing;
  }

  #register(message: BusMessage, body: Record<string, unknown>): void {
    this.registrations.push(body);
    this.known = true;
    const rejection = { code: 'unchanged', message: 'it is so already' };
    message.respond(encodeMessage({ ...this.#outcomeOf(body), status: 'rejected', rejection }));
  }

  #drain(message: BusMessage, body: Record<string, unknown>): void {
    this.drains.push(body);
    if (this.onDrain === 'silence') return;
    const server = this.#server;
    const data = { server, group: this.#group, drainTimeoutMs: 30_000, until: 'registered' };
    const head = { position: this.position + 1, version: 1, at: 1, principal: `srv_${server}` };
    const event = { ...head, type: 'server.draining', data };
    message.respond(encodeMessage({ ...this.#outcomeOf(body), status: 'accepted', event }));
    if (this.onDrain === 'drain') this.#storing = Promise.all([this.#storing, this.drain()]);
  }

  #outcomeOf({ id }: Record<string, unknown>): object {
    return { log: this.log, term: 1, position: 1, id, repeated: false, safeToRepeat: true };
  }

  /** Directs the server to refuse what is new, as when every balancer has confirmed. Returns the position. */
  drain(): Promise<number> {
    if (this.#group === null) throw new Error('a server in no group is not drained');
    return this.direct(this.#group, this.#wanted, 'draining');
  }

  async upload(bundle: PackedBundle): Promise<void> {
    await this.#bus.objects(streamNames(this.#fleet).bundles).put(bundle.digest, bundle.bytes);
  }

  /** Into the group it was directed in before, by the same event: what is said to a member follows from its joining or later. */
  async assign(group: string | null): Promise<void> {
    if (group === null || group !== this.#directedIn) this.position += 1;
    this.#directedIn = undefined;
    this.#group = group === null ? null : GroupId.parse(group);
    this.#assignment = { term: 1, position: this.position };
    const assignment: Assignment = { log: this.log, ...this.#assignment, server: this.#server, group: this.#group };
    await this.store(subjects.assignment(this.#fleet, this.#server), assignment);
  }

  /** Publishes the directive and returns its position. */
  async direct(group: string, wanted: readonly Wanted[], serving: Directive['serving'] = 'yes'): Promise<number> {
    this.position += 1;
    this.#wanted = wanted;
    if (group !== this.#group) this.#directedIn = group;
    this.#directive = { term: 1, position: this.position };
    const projects = wanted.map(({ bundle, version, probe }) => ({
      project: bundle.manifest.project,
      version,
      digest: bundle.digest,
      bytes: bundle.bytes.byteLength,
      ...(probe === undefined ? {} : { probe }),
    }));
    const stamp = { log: this.log, ...this.#directive };
    const subject = subjects.directive(this.#fleet, GroupId.parse(group), this.#server);
    await this.store(subject, { ...stamp, server: this.#server, group, serving, projects });
    return this.position;
  }

  /** The receipt for this position, if it came. */
  receiptAt(position: number): Receipt | undefined {
    return this.receipts.findLast((receipt) => receipt.position === position && receipt.log === this.log);
  }

  async store(subject: string, value: unknown): Promise<void> {
    const data = encodeMessage(value);
    // Three servers that have just lost one take no write until they have elected; said twice it is what it was.
    const stored = () => this.#bus.store({ subject, data, timeoutMs: 5_000 });
    await eventually(stored, { what: `${subject} to be stored` });
  }
}
