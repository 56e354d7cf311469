/** Who the caller is here, and what this dashboard is. */
import { z } from 'zod';
import { FleetId, Principal } from '../../../schemas/ids.ts';
import { Role } from '../access.ts';
import type { Api, App } from '../app.ts';
import { refusals } from '../bodies.ts';

const Session = z.object({
  principal: Principal,
  role: Role,
  /** True: nobody is asked for a token. */
  open: z.boolean(),
  version: z.string(),
  fleet: FleetId,
});

export function addSession(app: App, { access, version, fleet }: Api): void {
  app.get(
    '/v1/session',
    {
      config: { role: 'viewer' },
      schema: { tags: ['process'], summary: 'Who asks, and what they may.', response: { 200: Session, ...refusals } },
    },
    async ({ caller }) => ({ ...caller, open: access.open, version, fleet }) as z.infer<typeof Session>,
  );
}
