/** Brings a whole group back to an instant: a plan from now to then, shown, and carried out as any other plan is. */
import type { Command } from 'commander';
import type { GroupName } from '../../schemas/ids.ts';
import { stateAt, stateNow } from '../../src/audit/as-of.ts';
import { type DeclaredFleet, plannedAt, recheck, tokenOf } from '../../src/changes/plan-token.ts';
import { groupThen } from '../../src/fleet-file/back.ts';
import { type FleetPlan, planOf } from '../../src/fleet-file/plan.ts';
import { forecast } from '../../src/forecast/forecast.ts';
import { Failure } from '../../src/std/failure.ts';
import { applyPlan } from './apply.ts';
import type { BackOptions } from './commands/rollback.ts';
import { exitCodes } from './exit-codes.ts';
import { withHistory } from './history.ts';
import type { Paint } from './paint.ts';
import { planPage } from './plan-page.ts';
import { withMuster } from './session.ts';
import { askingPrincipal } from './what-if.ts';

interface Asked extends BackOptions {
  readonly group: GroupName;
}

interface Ready {
  readonly plan: FleetPlan;
  readonly token: string;
}

export async function rollBackGroup(command: Command, asked: Asked): Promise<void> {
  let ready: Ready | undefined;
  await withHistory(command, undefined, async (history) => {
    const { source, live, progress, signal, output } = history;
    const asOf = { source, progress, signal, ...(live === undefined ? {} : { live }) };
    const past = await stateAt(asOf, asked.to);
    const { state: now } = await stateNow(asOf);
    const back = groupThen({ past: past.state, now }, asked.group);
    if (back === undefined) {
      const message = `there was no group "${asked.group}" at position ${past.position}`;
      throw new Failure({ code: 'config-invalid', retryable: false, message });
    }
    for (const what of back.without) output.step(`${output.paint.yellow('without:')} ${what}`);
    // By its position: a time that is so long ago would be another instant the next moment.
    const to = past.position;
    const declared: DeclaredFleet = { file: back.file, packedByProject: new Map(), scope: 'groups' };
    const again = `muster rollback group ${asked.group} --to ${to}`;
    if (asked.plan !== undefined) {
      const position = plannedAt(asked.plan);
      const checked =
        position === undefined
          ? { status: 'changed' as const, message: `no plan is called "${asked.plan}"` }
          : recheck({
              declared,
              prune: true,
              token: asked.plan,
              planned: (await stateAt(asOf, { position })).state,
              now,
            });
      if (checked.status === 'holds') ready = { plan: checked.plan, token: asked.plan };
      else output.complain({ code: 'conflict', message: checked.message, next: again });
      return checked.status === 'holds' ? exitCodes.done : exitCodes.conflict;
    }
    const plan = planOf(now, { ...declared, prune: true });
    const token = tokenOf(plan.position, declared, true);
    const commands = plan.changes.map((change) => ({ type: change.command.type, body: change.command.payload }));
    const told = forecast(now, { commands, principal: askingPrincipal(command), now: Date.now() });
    const next = `${again} --plan ${token}`;
    const refused = told.decisions.some(({ status }) => status === 'rejected');
    const page = (paint: Paint) => planPage({ plan, forecast: told, next }, paint);
    if (asked.yes !== true || refused) {
      const apply = plan.changes.length === 0 ? null : next;
      await output.data({ ...plan, to, without: back.without, forecast: told, apply }, page);
      return refused ? exitCodes.rejected : exitCodes.done;
    }
    // What is carried out is the data: the plan comes before it, for people.
    output.step(page(output.paint));
    ready = { plan, token };
    return exitCodes.done;
  });
  if (ready === undefined) return;
  const { plan, token } = ready;
  await withMuster(command, (session) => applyPlan(session, { plan, token, options: asked }));
}
