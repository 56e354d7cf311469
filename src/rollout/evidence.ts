/** What a gate was judged on, as the log keeps it: bounded, what matters most first. */
import type { GateEvidence } from '../../schemas/rollout-events.ts';
import type { Standing } from './standing.ts';

/** As the event's schema says. */
export const evidenceServersMax = 20;

const order: { readonly [S in Standing['status']]: number } = { failed: 0, pending: 1, lost: 2, healthy: 3, gone: 4 };

export function evidenceOf(standings: readonly Standing[], figures: GateEvidence['figures'] = null): GateEvidence {
  const servers = [...standings]
    .sort((a, b) => order[a.status] - order[b.status] || (a.server < b.server ? -1 : 1))
    .slice(0, evidenceServersMax)
    .map((standing) => ({
      server: standing.server,
      healthySince: standing.status === 'healthy' ? standing.since : null,
      ...textOf(standing),
    }));
  return { servers, figures };
}

function textOf(standing: Standing): { text?: string } {
  switch (standing.status) {
    case 'failed':
    case 'pending':
      return { text: standing.text };
    case 'lost':
      return { text: 'lost: its heartbeats are missing' };
    case 'gone':
      return { text: 'taken away since' };
    default:
      return {};
  }
}
