/** Thousands of servers in one process, as far as a fleet can tell: they beat, and prove every directive at once. */
import { decode, encode } from '../../../src/wire/codec.ts';
import { Directive } from '../../../schemas/directive.ts';
import type { FleetId, GroupId, ServerId } from '../../../schemas/ids.ts';
import type { Beat, Receipt } from '../../../schemas/receipt.ts';
import { subjects } from '../../../schemas/subjects.ts';
import type { RawNats } from '../raw-nats.ts';

export interface PlayedServersOptions {
  readonly raw: RawNats;
  readonly fleet: FleetId;
  readonly group: GroupId;
  readonly names: readonly ServerId[];
  /** Each beats once in this time. Real ones do every second; here one machine plays them all. */
  readonly beatEveryMs: number;
}

/** Beats go out in so many portions: none of them is a burst. */
const portions = 50;

export function playServers({ raw, fleet, group, names, beatEveryMs }: PlayedServersOptions): { stop(): void } {
  const instance = 'bench';
  const directiveOf = new Map<ServerId, Directive>();
  const beat = (server: ServerId) => {
    const { log, term = 0, position = 0 } = directiveOf.get(server) ?? {};
    const stamp = { term, position };
    const said: Beat = { server, instance, assignment: stamp, directive: stamp, inFlight: 0, healthy: true };
    raw.connection.publish(subjects.beat(fleet, server), encode(log === undefined ? said : { ...said, log }));
  };
  const subscription = raw.connection.subscribe(subjects.directive(fleet, group, '*' as ServerId), {
    callback(_error, { data }) {
      if (data.length === 0) return;
      const directive = Directive.parse(decode(data));
      const { log, term, position, server, serving } = directive;
      directiveOf.set(server, directive);
      const projects = directive.projects.map(({ project, version }) => ({ project, version }));
      const receipt: Receipt = { log, term, position, server, instance, serving, projects, failures: [] };
      raw.connection.publish(subjects.receipt(fleet, server), encode(receipt));
    },
  });
  let turn = 0;
  const timer = setInterval(() => {
    for (let index = turn % portions; index < names.length; index += portions) beat(names[index] as ServerId);
    turn += 1;
  }, beatEveryMs / portions);
  return {
    stop() {
      clearInterval(timer);
      subscription.unsubscribe();
    },
  };
}
