/** What a person may say of a rollout under way. */
import type { CommandPayload } from '../../schemas/commands.ts';
import { findGroup } from './find.ts';
import { rolloutOf } from './release.ts';
import { type Found, type Refused, type Ruling, accept, found, refuse, unchanged } from './ruling.ts';
import type { FleetState, Group, Rollout } from './state.ts';
import { named } from './superseding.ts';
import { list, quote } from './wording.ts';

export function pauseRollout(state: FleetState, payload: CommandPayload<'rollout.pause'>): Ruling {
  const underWay = findRollout(state, payload);
  if (underWay.status === 'refused') return underWay;
  const { rollout, data, what } = underWay.value;
  if (rollout.status === 'paused' && rollout.pausedBy === 'operator') return unchanged(`${what} is paused already`);
  if (rollout.status === 'running' || rollout.status === 'paused') {
    return accept({ type: 'rollout.paused', data: { ...data, by: 'operator', passed: null } });
  }
  return refuseNow(underWay.value, 'there is nothing to pause');
}

export function resumeRollout(state: FleetState, payload: CommandPayload<'rollout.resume'>): Ruling {
  const underWay = findRollout(state, payload);
  if (underWay.status === 'refused') return underWay;
  const { rollout, data, what } = underWay.value;
  if (rollout.status === 'running') return unchanged(`${what} is running already`);
  if (rollout.status === 'paused') return accept({ type: 'rollout.resumed', data });
  return refuseNow(underWay.value, 'only a paused one is resumed');
}

export function promoteRollout(state: FleetState, payload: CommandPayload<'rollout.promote'>): Ruling {
  const underWay = findRollout(state, payload);
  if (underWay.status === 'refused') return underWay;
  const { rollout, data, what } = underWay.value;
  const all = payload.all ?? false;
  if (rollout.status !== 'running' && rollout.status !== 'paused') {
    return refuseNow(underWay.value, 'there is no step to promote');
  }
  const isSaid = rollout.promoted === 'all' || (rollout.promoted === 'step' && !all);
  if (rollout.status === 'running' && isSaid) return unchanged(`${what} waits for nothing that it need not`);
  return accept({ type: 'rollout.promoted', data: { ...data, all } });
}

export function abortRollout(state: FleetState, payload: CommandPayload<'rollout.abort'>): Ruling {
  const underWay = findRollout(state, payload);
  if (underWay.status === 'refused') return underWay;
  const { rollout, data, what } = underWay.value;
  if (rollout.status === 'rolling-back') return unchanged(`${what} is rolling back already`);
  return accept({ type: 'rollout.aborted', data });
}

export function retryRollout(state: FleetState, payload: CommandPayload<'rollout.retry'>): Ruling {
  const underWay = findRollout(state, payload);
  if (underWay.status === 'refused') return underWay;
  const { rollout, data, what } = underWay.value;
  if (rollout.status === 'halted') return accept({ type: 'rollout.retried', data });
  if (rollout.status === 'rolling-back') return refuseNow(underWay.value, 'it is over when everybody is back');
  return unchanged(`${what} has failed nothing that it could try again: it is ${rollout.status}`);
}

interface UnderWay {
  readonly group: Group;
  readonly rollout: Rollout;
  /** As every event about it begins. */
  readonly data: { readonly group: Group['id']; readonly rollout: Rollout['id'] };
  /** For sentences. */
  readonly what: string;
  readonly payload: CommandPayload<'rollout.pause'>;
}

function findRollout(state: FleetState, payload: CommandPayload<'rollout.pause'>): Found<UnderWay> {
  const group = findGroup(state, payload.group);
  if (group.status === 'refused') return group;
  const { id, name, deploymentByProject, rolloutById } = group.value;
  const deployment = deploymentByProject.get(payload.project);
  const rollout = deployment === undefined ? undefined : rolloutOf(group.value, deployment);
  if (rollout !== undefined) {
    const what = `the rollout of ${named(rollout)} on group "${name}"`;
    return found({ group: group.value, rollout, data: { group: id, rollout: rollout.id }, what, payload });
  }
  const others = list([...rolloutById.values()].map((one) => `${named(one)} (${one.status})`));
  return refuse({
    code: 'unknown-rollout',
    message: `no rollout of project ${quote(payload.project)} is under way on group "${name}"; under way: ${others === '' ? 'none' : others}`,
    field: 'project',
    next: `muster group get ${name}`,
  });
}

/** It stands where this cannot be said of it, with what can. */
function refuseNow({ rollout, what, payload }: UnderWay, why: string): Refused {
  const verb = rollout.status === 'halted' ? 'retry' : rollout.status === 'paused' ? 'resume' : undefined;
  return refuse({
    code: 'invalid',
    message: `${what} is ${rollout.status}: ${why}`,
    field: 'project',
    ...(verb === undefined ? {} : { next: `muster rollout ${verb} ${payload.project} ${payload.group}` }),
  });
}
