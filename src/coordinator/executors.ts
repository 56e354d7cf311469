/** What carries out each step the server machine may say: one executor a name, so that a missing one does not compile. */
import type { FleetState } from '../domain/state.ts';
import type { Proposal } from '../domain/propose.ts';
import type { Step, StepArguments, StepName } from '../server-machine/facts.ts';
import type { FleetId, GroupId, LogId, Term } from '../../schemas/ids.ts';
import type { Assignment, Directive } from '../../schemas/directive.ts';
import { drainTimeoutMsDefault } from '../../schemas/policy.ts';
import { subjects } from '../../schemas/subjects.ts';
import type { LastValues } from './last-values.ts';

export interface ExecutorOptions {
  readonly fleet: FleetId;
  readonly log: LogId;
  readonly term: Term;
  /** Acknowledged records only. */
  readonly state: FleetState;
  readonly groups: LastValues;
  /** Decides and commits; a proposal that the head has moved past is dropped there. */
  readonly propose: (proposal: Proposal) => void;
}

/** Steps that end in the reconciler itself are not carried out here. */
type ExecutedName = Exclude<StepName, 'wake-at'>;
export type ExecutedStep = Extract<Step, { name: ExecutedName }>;
/** Undefined: done, or nothing to do. A promise: the next step of the same server waits for it. */
export type Execution = Promise<void> | undefined;

type Executors = { readonly [N in ExecutedName]: (given: StepArguments[N]) => Execution };

export function createExecutors(options: ExecutorOptions): (step: ExecutedStep) => Execution {
  const { fleet, log, term, state, groups, propose } = options;
  // Whatever `propose` answers is no execution: waited for, it would be done at once, and looked at again, for ever.
  const proposing = (proposal: Proposal): undefined => {
    propose(proposal);
  };
  // Asked of every group at each look at a server.
  const prefixByGroup = new Map<GroupId, string>();
  const directivesOf = (group: GroupId): string => {
    const known = prefixByGroup.get(group) ?? subjects.directivesOf(fleet, group);
    prefixByGroup.set(group, known);
    return known;
  };
  const executors: Executors = {
    'publish-assignment': ({ server, group, position }) => {
      const assignment: Assignment = { log, term, position, server, group };
      const subject = subjects.assignment(fleet, server);
      // A server the fleet no longer knows has no position of its own: told once that it is in no group, it stays told.
      if (group === null && groups.get(subject)?.value['group'] === null) return undefined;
      return groups.put(subject, assignment);
    },
    'publish-directive': ({ server, group, position, serving, projects }) => {
      const directive: Directive = { log, term, position, server, group, serving, projects: [...projects] };
      return groups.put(subjects.directive(fleet, group, server), directive);
    },
    'clear-directives': ({ server, except }) => {
      const cleared: Promise<void>[] = [];
      for (const group of state.groupById.keys()) {
        if (group === except || !groups.has(directivesOf(group), server)) continue;
        cleared.push(groups.clear(subjects.directive(fleet, group, server)));
      }
      return cleared.length === 0 ? undefined : Promise.all(cleared).then(() => undefined);
    },
    'propose-ready': (data) => proposing({ type: 'server.ready', data }),
    'propose-sync-failed': (data) => proposing({ type: 'server.sync-failed', data }),
    'propose-left': (data) => proposing({ type: 'server.left', data }),
    'propose-drained': (data) => proposing({ type: 'server.drained', data }),
    'propose-uncordoned': (data) => proposing({ type: 'server.uncordoned', data }),
    'propose-replaced': (data) => {
      const drainTimeoutMs = state.groupById.get(data.group)?.policy.drainTimeoutMs ?? drainTimeoutMsDefault;
      return proposing({ type: 'server.replaced', data: { ...data, drainTimeoutMs } });
    },
    'propose-lost': (data) => proposing({ type: 'server.lost', data }),
    'propose-returned': (data) => proposing({ type: 'server.returned', data }),
  };
  return (step) => executors[step.name](step.arguments as never);
}
