/**
 * A fleet declared as a whole, and a group brought back to an instant: the plan first, then carried out under its name.
 * What a project's folder holds is published by its own route before: folders lie where who asks is.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { FleetFile } from '../../../schemas/fleet-file.ts';
import { Forecast } from '../../../schemas/forecast.ts';
import { GroupName, Position, Reason } from '../../../schemas/ids.ts';
import { type DeclaredFleet, plannedAt, recheck, tokenOf } from '../../../src/changes/plan-token.ts';
import { groupThen } from '../../../src/fleet-file/back.ts';
import { type FleetPlan, planOf } from '../../../src/fleet-file/plan.ts';
import { forecast } from '../../../src/forecast/forecast.ts';
import { type Caller, forbidden, mayDo, type Role, unauthenticated } from '../access.ts';
import { answerLines } from '../answer-lines.ts';
import type { Api, App } from '../app.ts';
import { apply, ApplyLine } from '../apply.ts';
import { commandRefusals, lines } from '../bodies.ts';
import { InstantText } from '../event-query.ts';
import { Few } from '../few.ts';
import { badRequest, notFound, Problem } from '../problem.ts';
import { roleFor } from './commands.ts';

/** Each may wait for hours, and holds a connection meanwhile. */
const appliesMax = 8;
/** A forecast of more would hold everybody else up for longer than a fifth of a second. */
const changesMax = 250;
const groupsMax = 250;
/** What a forecast looks at, as for a single command. */
const looksMax = 2_000;
/** Of a change: server after server, each watched, as on the command line. */
const changeTimeoutMs = 3_600_000;
/** Of a whole plan: a working day. */
const applyTimeoutMs = 8 * 3_600_000;

const Planned = z.object({
  /** Of the log it was made at. */
  position: Position,
  changes: z.array(
    z.object({
      command: z.object({ type: z.string(), payload: z.record(z.string(), z.unknown()) }),
      text: z.string(),
      /** Which of `reads` it changes. */
      on: z.string(),
    }),
  ),
  /** What is there, not declared, and stays. */
  kept: z.array(z.string()),
  /** Everything it looked at; it holds as long as this does. 0: it was not there. */
  reads: z.array(z.object({ what: z.string(), changedAt: z.int().min(0) })),
  forecast: Forecast,
  /** Its name: what carrying it out takes. Null: there is nothing to change. */
  plan: z.string().nullable(),
});
/** `without`: what cannot come back, or is not asked to. */
const PlannedBack = Planned.extend({ to: Position, without: z.array(z.string()) });

const declared = {
  groups: FleetFile.shape.groups.refine(
    (groups) => Object.keys(groups).length <= groupsMax,
    `must be at most ${groupsMax} groups`,
  ),
  /** Takes away what is there and not declared; without it, that is kept and told. */
  prune: z.boolean().optional(),
};
const carrying = {
  /** As the plan was answered. */
  plan: z.string().regex(/^\d{1,15}-[0-9a-f]{12}$/, 'must be the name of a plan, such as 1200-0a1b2c3d4e5f'),
  reason: Reason.optional(),
  /** Sends each change without waiting until the one before is in traffic. */
  detach: z.boolean().optional(),
  /** For each change to be in traffic. Default an hour. */
  timeoutMs: z.int().min(1_000).max(applyTimeoutMs).optional(),
};
type Carrying = z.infer<z.ZodObject<typeof carrying>>;

const tags = ['plans'];
const carriedOut = {
  200: lines(ApplyLine, 'A line as each change begins to wait and is through; the last says how it ended.'),
  ...commandRefusals,
};

export function addPlans(app: App, api: Api): void {
  const { asOf } = api;
  const applies = new Few(appliesMax, 'plans');
  app.post(
    '/v1/plan',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'What it takes to make the fleet what is declared, and what would follow. Nothing is sent.',
        body: z.strictObject(declared),
        response: { 200: Planned, ...commandRefusals },
      },
    },
    async ({ body, caller }) => planned(api, { declared: fleetOf(body), prune: body.prune === true, caller }),
  );
  app.post(
    '/v1/apply',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Carries out a plan, change by change: 412 when anything it has looked at has changed since.',
        description:
          'The plan names its commands, so that asking again has no second effect. Whoever goes away stops it after the ' +
          'change that is under way. A change only admins may ask for needs an admin.',
        body: z.strictObject({ ...declared, ...carrying }),
        response: carriedOut,
      },
    },
    async (request, reply) => {
      const asked = { declared: fleetOf(request.body), prune: request.body.prune === true, carrying: request.body };
      return carryOut(api, { request, reply, applies, ...asked });
    },
  );
  const params = z.strictObject({ group: GroupName });
  app.get(
    '/v1/groups/:group/rollback',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'What it takes to bring a group back to what it was: members, versions, policy. Nothing is sent.',
        params,
        querystring: z.strictObject({ to: InstantText }),
        response: { 200: PlannedBack, ...commandRefusals },
      },
    },
    async ({ params: { group }, query: { to }, caller }) => {
      const back = await backTo({ group, to });
      return { ...planned(api, { declared: back.declared, prune: true, caller }), to: back.to, without: back.without };
    },
  );
  app.post(
    '/v1/groups/:group/rollback',
    {
      config: { role: 'operator' },
      schema: {
        tags,
        summary: 'Brings a group back to what it was, by the plan that was shown: as apply does.',
        params,
        body: z.strictObject({
          /** As the plan was answered; a time ago is another instant by now. */
          to: z.union([Position, InstantText]),
          ...carrying,
        }),
        response: carriedOut,
      },
    },
    async (request, reply) => {
      const { declared: file } = await backTo({ group: request.params.group, to: String(request.body.to) });
      return carryOut(api, { request, reply, applies, declared: file, prune: true, carrying: request.body });
    },
  );

  async function backTo({ group, to }: { readonly group: GroupName; readonly to: string }) {
    const past = await asOf.past(asOf.instant(to));
    const back = groupThen({ past: past.state, now: asOf.now().state }, group);
    if (back === undefined) {
      throw notFound('unknown-group', `there was no group "${group}" at position ${past.position}`);
    }
    const file: DeclaredFleet = { file: back.file, packedByProject: new Map(), scope: 'groups' };
    return { declared: file, to: past.position, without: [...back.without] };
  }
}

function fleetOf({ groups }: { readonly groups: FleetFile['groups'] }): DeclaredFleet {
  return { file: { groups }, packedByProject: new Map() };
}

interface Asked {
  readonly declared: DeclaredFleet;
  readonly prune: boolean;
}

function planned({ asOf, clock }: Api, { declared: file, prune, caller }: Asked & { readonly caller: Caller | null }) {
  if (caller === null) throw unauthenticated();
  const { state } = asOf.now();
  const plan = bounded(planOf(state, { ...file, prune }));
  const commands = plan.changes.map(({ command }) => ({ type: command.type, body: command.payload }));
  const told = forecast(state, { commands, principal: caller.principal, now: clock.now(), looksMax });
  const name = plan.changes.length === 0 ? null : tokenOf(plan.position, file, prune);
  return { ...plan, forecast: told, plan: name } as z.infer<typeof Planned>;
}

function bounded(plan: FleetPlan): FleetPlan {
  if (plan.changes.length <= changesMax) return plan;
  const detail = `it takes ${plan.changes.length} changes, and ${changesMax} may be planned at once: declare some groups at a time`;
  throw new Problem({ status: 413, code: 'too-large', detail });
}

interface CarryingOut extends Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly applies: Few;
  readonly carrying: Carrying;
}

async function carryOut(api: Api, asked: CarryingOut): Promise<void> {
  const { asOf, clock, logger, senders } = api;
  const { request, reply, applies, declared: file, prune, carrying: given } = asked;
  const { plan: token, reason, detach = false, timeoutMs = changeTimeoutMs } = given;
  const { caller } = request;
  if (caller === null) throw unauthenticated();
  const position = plannedAt(token);
  if (position === undefined) throw badRequest(`no plan is called "${token}"`, 'plan');
  const { state } = await asOf.past({ position });
  const checked = recheck({ declared: file, prune, token, planned: state, now: asOf.now().state });
  if (checked.status === 'changed') {
    throw new Problem({ status: 412, code: 'conflict', detail: checked.message, next: 'plan again' });
  }
  const plan = bounded(checked.plan);
  requireRole(caller, plan);
  return applies.run(() =>
    senders.as(caller.principal, (muster) =>
      answerLines({ request, reply, clock, logger, timeoutMs: applyTimeoutMs }, (telling) =>
        apply({ muster, clock, plan, token, reason, detach, timeoutMs, telling }),
      ),
    ),
  );
}

/** Each change needs whom it would need by itself. */
function requireRole(caller: Caller, { changes }: FleetPlan): void {
  const needed = new Set<Role>(changes.map(({ command }) => roleFor(command.type)));
  for (const role of needed) if (!mayDo(caller.role, role)) throw forbidden(caller, role);
}
