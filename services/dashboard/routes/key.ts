/** Whose signature the log bears: the public key that `muster audit key` prints, for whoever verifies an export. */
import { z } from 'zod';
import { KeyId } from '../../../schemas/proof.ts';
import { pemOfText } from '../../../src/proof/keys.ts';
import type { Api, App } from '../app.ts';
import { atQuery, headOf, one, refusals } from '../bodies.ts';
import { notFound } from '../problem.ts';

/** As PEM. */
const Signer = z.object({ key: KeyId, publicKey: z.string() });

export function addKey(app: App, { asOf }: Api): void {
  app.get(
    '/v1/key',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['history'],
        summary: 'The public key the log is signed with.',
        querystring: z.strictObject(atQuery),
        response: { 200: one(Signer), ...refusals },
      },
    },
    async ({ query: { at } }) => {
      const seen = await asOf.at(at);
      const { signer } = seen.state;
      const next = 'start its coordinators without --key, or all with the same one';
      if (signer === null) throw notFound('unsigned', 'nobody has signed this log', next);
      const item = { key: signer.key, publicKey: pemOfText(signer.publicKey) };
      return { ...headOf(seen), item };
    },
  );
}
