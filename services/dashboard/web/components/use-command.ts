/** Asks the fleet for something, and tells what came of it: the sentence of the log, or the refusal with what to do next. */
import { useState } from 'react';
import type { CommandPayload, CommandType } from '../../../../schemas/commands.ts';
import { type Accepted, command } from '../data/api.ts';
import { useAt } from '../data/place.ts';
import { type Problem, problemOf } from '../data/problem.ts';
import type { Role } from '../data/session.ts';
import { useSession } from '../data/views.ts';
import { useNotices } from './notices.tsx';
import { sentence } from './sentence.ts';

export interface Asking {
  readonly reason?: string | undefined;
  /** `changedAt` of what was on the screen. */
  readonly ifPosition?: number | undefined;
  /** A command asked before whose outcome is unknown: the same id has one effect. */
  readonly id?: string | undefined;
}

export interface Commanding {
  /** The acceptance, or undefined where it was refused or is unknown: that has been told already. */
  readonly ask: <T extends CommandType>(
    type: T,
    payload: CommandPayload<T>,
    asking?: Asking,
  ) => Promise<Accepted | undefined>;
  readonly isAsking: boolean;
}

export function useCommand(): Commanding {
  const { say } = useNotices();
  const [isAsking, setAsking] = useState(false);
  const ask: Commanding['ask'] = async (type, payload, { reason, ifPosition, id = crypto.randomUUID() } = {}) => {
    setAsking(true);
    try {
      const accepted = await command(type, payload, { id, reason, ifPosition });
      const warnings = accepted.warnings.join(' · ');
      say({ text: `${sentence(accepted.text)} (position ${accepted.position})`, look: 'good' });
      if (warnings !== '') say({ text: sentence(warnings), look: 'warning' });
      return accepted;
    } catch (caught) {
      const problem = problemOf(caught);
      const action = isUnknown(problem)
        ? { label: 'Ask again (it has one effect)', run: () => void ask(type, payload, { id, reason, ifPosition }) }
        : undefined;
      say({
        text: sentence(problem.message),
        look: 'bad',
        next: nextOf(problem),
        ...(action === undefined ? {} : { action }),
      });
      return undefined;
    } finally {
      setAsking(false);
    }
  };
  return { ask, isAsking };
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

/** Why nobody may change anything from here now; empty: they may. */
export function useBlocked(needed: Role = 'operator'): string {
  const at = useAt();
  const { data: session } = useSession();
  if (at !== null) return `This is how it was at position ${at}. Go back to now to change something.`;
  if (session !== undefined && ranks[session.role] < ranks[needed]) {
    return `You are ${session.principal}, a ${session.role}: this needs the role ${needed}.`;
  }
  return '';
}

/** It may have happened or not: only asking again tells. */
function isUnknown({ status }: Problem): boolean {
  return status === 0 || status === 502 || status === 503 || status === 504;
}

function nextOf({ code, next, status }: Problem): string {
  if (next !== '') return next;
  if (code === 'conflict' || status === 412) return 'look at what has changed meanwhile, then ask again';
  return '';
}
