/**
 * What would follow from commands: decided on a fork of the fleet, then played forward through machines, rollout planner
 * and pools, as the leader would play it.
 *
 * Promises: pure; the given state is not written to; the same input gives the same forecast. Ideal on purpose: servers
 * apply what they are told at once, have nothing in flight and stay healthy, balancers confirm at once; who is lost
 * stays lost. It tells what the rules lead to, not how long a bundle takes to arrive.
 * Duty of the caller: hands in acknowledged state.
 */
import { decide } from '../domain/decide.ts';
import { parseAsked } from '../domain/ask.ts';
import { evolve } from '../domain/evolve.ts';
import { cloneState } from '../domain/fleet-state.ts';
import type { FleetState } from '../domain/state.ts';
import type { CommandId, Principal } from '../../schemas/ids.ts';
import type { Forecast, ForecastDecision } from '../../schemas/forecast.ts';
import { IdealFleet } from './ideal-fleet.ts';

export interface ForecastCommand {
  /** Noun and verb, such as `server.join`. */
  readonly type: string;
  /** The payload beside `ifPosition` and `reason`, as on the bus. */
  readonly body: object;
}

export interface ForecastOptions {
  /** Each is asked once what follows from the one before has come through. */
  readonly commands: readonly ForecastCommand[];
  readonly principal: Principal;
  /** Milliseconds since the epoch: when they would be asked. */
  readonly now: number;
  /** Looks at servers, at most: bounds its time, at some tens of microseconds each. Default: some seconds of work. */
  readonly looksMax?: number;
}

export function forecast(state: FleetState, { commands, principal, now, looksMax }: ForecastOptions): Forecast {
  const fork = cloneState(state);
  const { position } = state;
  const at = Math.max(state.at, now);
  const fleet = new IdealFleet(fork, at, looksMax);
  const decisions: ForecastDecision[] = [];
  let settled = true;
  for (const command of commands) {
    const decision = decideOn(fork, { command, principal, at: fleet.now });
    decisions.push(decision);
    if (decision.status === 'accepted') settled = fleet.play() && settled;
  }
  const waiting = decisions.some(({ status }) => status === 'accepted') ? waitingIn(fork) : [];
  return { position, at, decisions, transitions: fleet.transitions, settled, waiting };
}

interface Deciding {
  readonly command: ForecastCommand;
  readonly principal: Principal;
  readonly at: number;
}

function decideOn(fork: FleetState, { command, principal, at }: Deciding): ForecastDecision {
  const { type, body } = command;
  const asked = parseAsked(type, body);
  // An id nobody has used: what is decided here is never told, so that it can be no repeat.
  const id = `forecast-${fork.position}` as CommandId;
  const decision = decide(fork, asked, { at, principal, position: fork.position + 1, command: { id, hash: id } });
  if (decision.status === 'repeat') throw new Error('invariant broken: a forecast repeats nothing');
  const { event } = decision;
  evolve(fork, event);
  if (event.type === 'command.rejected') {
    return { status: 'rejected', command: type, rejection: event.data.rejection };
  }
  return { status: 'accepted', command: type, event };
}

function waitingIn({ groupById }: FleetState): Forecast['waiting'] {
  return [...groupById.values()].flatMap(({ id: group, rolloutById }) =>
    [...rolloutById.values()]
      .filter(({ status }) => status === 'paused' || status === 'halted')
      .map(({ id: rollout, reason }) => ({ group, rollout, reason })),
  );
}
