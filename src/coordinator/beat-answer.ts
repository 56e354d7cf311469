/** What the leader answers a heartbeat with: the newest stamps there are for that server, as they are published. */
import { hasStoppedItself, isRegisteredSo } from '../domain/server-rules.ts';
import type { FleetState, Server } from '../domain/state.ts';
import type { Observed } from '../projections/observed.ts';
import { looksAtFigures } from '../rollout/figures.ts';
import type { FleetId, GroupId, LogId, Term } from '../../schemas/ids.ts';
import { beatsPerLease, leaseMsDefault } from '../../schemas/policy.ts';
import { type Beat, type BeatAnswer, beatMsMax, watchedProjectsMax } from '../../schemas/receipt.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LastValue, LastValues } from './last-values.ts';

export interface BeatAnswerSources {
  readonly fleet: FleetId;
  readonly log: LogId;
  readonly term: Term;
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly observed: Observed;
  readonly groups: LastValues;
}

export function answerBeat(beat: Beat, { fleet, log, term, state, observed, groups }: BeatAnswerSources): BeatAnswer {
  const known = state.serverById.get(beat.server);
  const assignment = groups.get(subjects.assignment(fleet, beat.server))?.value;
  const group = (assignment?.['group'] ?? null) as GroupId | null;
  const directive = group === null ? undefined : groups.get(subjects.directive(fleet, group, beat.server))?.value;
  const receipt = observed.serverById.get(beat.server)?.receipt;
  return {
    log,
    term,
    known: known !== undefined,
    group,
    assignment: stampOf(assignment),
    directive: stampOf(directive),
    receipt: receipt?.instance === beat.instance ? receipt.position : 0,
    // Last, all of them: a field behind a spread costs more than the rest of the record (Node 20).
    ...registered(beat, known),
    ...(known?.member?.cordon?.drained === true ? { drained: true } : {}),
    ...watched(state, known),
    ...paced(beat, { state, known }),
  };
}

function registered({ registers }: Beat, known: Server | undefined): Pick<BeatAnswer, 'registered'> {
  if (registers !== undefined) return { registered: known !== undefined && isRegisteredSo(known, registers) };
  return known !== undefined && hasStoppedItself(known) ? { registered: false } : {};
}

interface Pacing {
  readonly state: FleetState;
  readonly known: Server | undefined;
}

/**
 * A lease is several beats, whatever its length: a short one is not missed by a single beat, a long one spares most. But
 * none of those by which a server that is not well is taken out.
 */
function paced({ healthy }: Beat, { state, known }: Pacing): Pick<BeatAnswer, 'beatMs'> {
  const leaseMs = known?.member == null ? undefined : state.groupById.get(known.member.group)?.policy.leaseMs;
  if (leaseMs === undefined || leaseMs === leaseMsDefault || (!healthy && leaseMs > leaseMsDefault)) return {};
  return { beatMs: Math.min(beatMsMax, Math.floor(leaseMs / beatsPerLease)) };
}

/** What the canaries of its group are judged by. */
function watched(state: FleetState, known: Server | undefined): Pick<BeatAnswer, 'watch'> {
  const rollouts = known?.member == null ? undefined : state.groupById.get(known.member.group)?.rolloutById;
  if (rollouts === undefined || rollouts.size === 0) return {};
  const projects = [...rollouts.values()].filter(looksAtFigures).flatMap(({ targets, target }) => {
    const project = targets[target]?.project;
    return project === undefined ? [] : [project];
  });
  return projects.length === 0 ? {} : { watch: projects.slice(0, watchedProjectsMax) };
}

function stampOf(value: LastValue['value'] | undefined): { term: Term; position: number } {
  return { term: value?.term ?? 0, position: value?.position ?? 0 };
}
