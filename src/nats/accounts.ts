/**
 * What a NATS server must be told so that no gateway or balancer speaks as another: two accounts, and every user's rights.
 *
 * Rights on subjects alone do not do it. JetStream answers a question on whatever subject who asks names, with no regard to
 * his rights, so whoever may ask it anything can have its answer stored in the log of the same account (measured on 2.9.10,
 * 2.10.27 and 2.15.1), which ends the log. Between two accounts an answer goes back to the account that asked, where
 * nothing is stored. So gateways and balancers have an account of their own, and into it only what they need.
 */
import { subjects } from '../../schemas/subjects.ts';
import { BalancerId, type FleetId, type GroupId, ServerId } from '../../schemas/ids.ts';
import { Failure } from '../std/failure.ts';
import { bucketNames } from './object-format.ts';
import { streamNames } from './stream-definitions.ts';

export interface Rights {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** What an account offers another, or takes from it. */
export interface Offered {
  /** Asked or told there, answered from here. */
  readonly services: readonly string[];
  /** Said here, heard there. */
  readonly streams: readonly string[];
}

const any = '*';
const direct = (stream: string) => `$JS.API.DIRECT.GET.${stream}`;

/** Of a gateway server: its own beats and receipts, requests in its own name, its own directives, and bundles. */
function serverRights(fleet: FleetId, server: ServerId): Rights {
  const { groups, bundles } = streamNames(fleet);
  const principal = `srv_${server}`;
  const own = [subjects.assignment(fleet, server), subjects.directive(fleet, any as GroupId, server)];
  const bundle = direct(bucketNames(bundles).stream);
  return {
    publish: [
      subjects.beat(fleet, server),
      subjects.receipt(fleet, server),
      `muster.${fleet}.do.${principal}.>`,
      ...own.map((subject) => `${direct(groups)}.${subject}`),
      bundle,
      `${bundle}.>`,
    ],
    subscribe: [...own, `_INBOX_${principal}.>`],
  };
}

/** Of a balancer: what it applied, requests in its own name, and the pools. */
function balancerRights(fleet: FleetId, balancer: BalancerId): Rights {
  const pools = direct(streamNames(fleet).pools);
  const principal = `bal_${balancer}`;
  return {
    publish: [
      subjects.applied(fleet, balancer, any as GroupId),
      subjects.leader(fleet),
      subjects.query(fleet, 'balancers'),
      `muster.${fleet}.do.${principal}.>`,
      pools,
      `${pools}.>`,
    ],
    subscribe: [subjects.allPools(fleet), `_INBOX_${principal}.>`],
  };
}

/**
 * Of a person or service that reads the log and may leave commands in a stream. To be trusted: what it asks JetStream may be
 * answered into the log, or, with what it stored itself, onto the subject of somebody else's command. `dashboard` speaks for
 * those whose token it was shown.
 */
function trustedRights(fleet: FleetId, principal: string): Rights {
  const { bundles } = streamNames(fleet);
  const speaks = principal === 'dashboard' ? any : principal;
  return {
    publish: [
      `muster.${fleet}.do.${speaks}.>`,
      `muster.${fleet}.cmd.${speaks}.>`,
      `muster.${fleet}.query.>`,
      subjects.leader(fleet),
      `$O.${bundles}.>`,
      // To clear away what it brought in, where somebody else was faster; with the line above it could overwrite them all.
      `$JS.API.STREAM.PURGE.${bucketNames(bundles).stream}`,
      '$JS.API.STREAM.INFO.*',
      '$JS.API.STREAM.MSG.GET.*',
      '$JS.API.DIRECT.GET.>',
      '$JS.API.CONSUMER.>',
      '$JS.ACK.>',
    ],
    // Outcomes come to whom it speaks for; there is no pattern for a part of a name.
    subscribe: [`muster.${fleet}.>`, principal === 'dashboard' ? '*.>' : `_INBOX_${principal}.>`],
  };
}

/** What the gateways' and balancers' account is let have of the fleet's. */
function offeredToEdge(fleet: FleetId): Offered {
  const { groups, pools, bundles } = streamNames(fleet);
  const server = any as ServerId;
  return {
    services: [
      subjects.allBeats(fleet),
      subjects.allReceipts(fleet),
      subjects.allApplied(fleet),
      subjects.allDo(fleet),
      subjects.leader(fleet),
      subjects.query(fleet, 'balancers'),
      `${direct(groups)}.>`,
      direct(pools),
      `${direct(pools)}.>`,
      direct(bucketNames(bundles).stream),
      `${direct(bucketNames(bundles).stream)}.>`,
    ],
    streams: [
      subjects.assignment(fleet, server),
      subjects.directive(fleet, any as GroupId, server),
      subjects.allPools(fleet),
    ],
  };
}

export interface User {
  readonly user: string;
  /** None: may do everything in its account. */
  readonly permissions?: Rights;
}

export interface Accounts {
  /** The streams, and whoever is trusted with them. */
  readonly MUSTER: { readonly users: readonly User[]; readonly exports: Offered };
  /** Gateways and balancers: what they ask is answered here, where nothing is stored. */
  readonly EDGE: { readonly users: readonly User[]; readonly imports: Offered };
}

/**
 * For a fleet's coordinators and everybody who is named. Throws `config-invalid` where a name is no server's or balancer's,
 * and where two would have one password.
 */
export function accountsOf(fleet: FleetId, principals: readonly string[]): Accounts {
  const users = new Set(principals);
  refuseSharedPasswords(users);
  const offered = offeredToEdge(fleet);
  const [edge, trusted]: [User[], User[]] = [[], [{ user: 'coordinator' }]];
  for (const user of users) {
    if (user.startsWith('srv_')) edge.push({ user, permissions: serverRights(fleet, serverNamed(user)) });
    else if (user.startsWith('bal_')) edge.push({ user, permissions: balancerRights(fleet, balancerNamed(user)) });
    else if (user !== 'coordinator') trusted.push({ user, permissions: trustedRights(fleet, user) });
  }
  return { MUSTER: { users: trusted, exports: offered }, EDGE: { users: edge, imports: offered } };
}

function serverNamed(user: string): ServerId {
  const named = ServerId.safeParse(user.slice('srv_'.length));
  if (named.success) return named.data;
  throw invalid(`"${user}" names no server: give srv_<server>, such as srv_web1`);
}

function balancerNamed(user: string): BalancerId {
  const named = BalancerId.safeParse(user.slice('bal_'.length));
  if (named.success) return named.data;
  throw invalid(`"${user}" names no balancer: give bal_<balancer>, such as bal_lb1`);
}

function invalid(message: string): Failure {
  return new Failure({ code: 'config-invalid', retryable: false, message });
}

/** A variable's name has no "-": who knows the password of one could speak as the other. */
function refuseSharedPasswords(users: Iterable<string>): void {
  const userByVariable = new Map<string, string>();
  for (const user of users) {
    const variable = passwordVariable(user);
    const other = userByVariable.get(variable);
    if (other !== undefined) {
      throw invalid(`${other} and ${user} would have one password, ${variable}: rename one of them`);
    }
    userByVariable.set(variable, user);
  }
}

/** As `nats-server` reads it. Each user's password comes from that server's environment: see `passwordVariable`. */
export function accountsText({ MUSTER, EDGE }: Accounts): string {
  return [
    "# Each password is a variable of nats-server's environment. Write it in quotes there, as in NATS_PASSWORD_X='\"...\"': without",
    '# them what is behind a ; is left out, and what looks like a number is no password.',
    'accounts {',
    '  # The streams, and whoever is trusted with them: each of these could end the log, or speak as another.',
    '  MUSTER {',
    '    jetstream: enabled',
    ...block('users', MUSTER.users.map(userLine)),
    ...block(
      'exports',
      offeredLines(MUSTER.exports, (subject) => subject),
    ),
    '  }',
    '  # Gateways and balancers: what they ask is answered here, where nothing is stored.',
    '  EDGE {',
    ...block('users', EDGE.users.map(userLine)),
    ...block(
      'imports',
      offeredLines(EDGE.imports, (subject) => `{ account: MUSTER, subject: ${subject} }`),
    ),
    '  }',
    '}',
  ].join('\n');
}

/** Of `nats-server`: what an unquoted value beginning with `$` stands for. */
function passwordVariable(principal: string): string {
  return `NATS_PASSWORD_${principal.toUpperCase().replaceAll('-', '_')}`;
}

function block(name: string, lines: readonly string[]): string[] {
  return [`    ${name}: [`, ...lines.map((line) => `      ${line}`), '    ]'];
}

function offeredLines({ services, streams }: Offered, place: (subject: string) => string): string[] {
  return [
    ...services.map((subject) => `{ service: ${place(quoted(subject))} }`),
    ...streams.map((subject) => `{ stream: ${place(quoted(subject))} }`),
  ];
}

function userLine({ user, permissions }: User): string {
  // Unquoted, a name like `on` is a yes and one like `10k` a number.
  const head = `user: ${quoted(user)}, password: $${passwordVariable(user)}`;
  if (permissions === undefined) return `{ ${head} }`;
  const list = (subjects: readonly string[]) => `[${subjects.map(quoted).join(', ')}]`;
  const { publish, subscribe } = permissions;
  return `{ ${head}, permissions: { publish: ${list(publish)}, subscribe: ${list(subscribe)} } }`;
}

function quoted(subject: string): string {
  return JSON.stringify(subject);
}
