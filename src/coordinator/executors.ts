/** What carries out each step the server machine may say: one executor a name, so that a missing one does not compile. */
import type { FleetState } from '../domain/state.ts';
import type { StepArguments, StepName, Step } from '../server-machine/facts.ts';
import type { FleetId, LogId, Term } from '../../schemas/ids.ts';
import type { Assignment, Directive } from '../../schemas/directive.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { Deciding } from './deciding.ts';
import type { LastValues } from './last-values.ts';

export interface ExecutorOptions {
  readonly fleet: FleetId;
  readonly log: LogId;
  readonly term: Term;
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly groups: LastValues;
  readonly deciding: Deciding;
  /** Holds the publishes that go on, and hears of their failure. */
  readonly track: (what: string, work: Promise<void>) => void;
}

type Executors = { readonly [N in Exclude<StepName, 'wake-at'>]: (given: StepArguments[N]) => void };

/**
 * Steps for the reconciler. A proposal that the head has moved past is dropped: the machine looks again when the
 * event that overtook it is acknowledged.
 */
export function createExecutors(options: ExecutorOptions): (step: Step) => void {
  const { fleet, log, term, state, groups, deciding, track } = options;
  const stamp = { log, term };
  const executors: Executors = {
    'publish-assignment': ({ server, group, position }) => {
      const assignment: Assignment = { ...stamp, position, server, group };
      const subject = subjects.assignment(fleet, server);
      // A server the fleet no longer knows has no position of its own: told once that it is in no group, it stays told.
      if (group === null && groups.get(subject)?.value['group'] === null) return;
      track('publishing an assignment', groups.put(subject, assignment));
    },
    'publish-directive': ({ server, group, position, serving, projects }) => {
      const directive: Directive = { ...stamp, position, server, group, serving, projects: [...projects] };
      track('publishing a directive', groups.put(subjects.directive(fleet, group, server), directive));
    },
    'clear-directives': ({ server, except }) => {
      for (const group of state.groupById.keys()) {
        if (group === except) continue;
        const subject = subjects.directive(fleet, group, server);
        if (groups.get(subject) !== undefined) track('clearing a directive', groups.clear(subject));
      }
    },
    'propose-ready': (data) => void deciding.propose({ type: 'server.ready', data }),
    'propose-sync-failed': (data) => void deciding.propose({ type: 'server.sync-failed', data }),
    'propose-left': (data) => void deciding.propose({ type: 'server.left', data }),
  };
  return (step) => {
    if (step.name !== 'wake-at') executors[step.name](step.arguments as never);
  };
}
