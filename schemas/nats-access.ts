/** How a process proves to NATS who it is, and whom it takes for NATS: what a connection needs beside an address. */
import { z } from 'zod';

const text = z.string().min(1);

export const NatsAccess = z.strictObject({
  credentials: z
    .union([
      z.strictObject({ user: text, pass: z.string() }),
      z.strictObject({ token: text }),
      /** What stands in a `.creds` file: a JWT and the seed of its key. */
      z.strictObject({ creds: text }),
      /** The seed of an NKey, as `nk -gen user` prints it. */
      z.strictObject({ nkeySeed: text }),
    ])
    .optional(),
  /** PEM, each: whom to trust instead of the system's authorities; and a certificate of our own, with its key. */
  tls: z.strictObject({ ca: text.exactOptional(), cert: text.exactOptional(), key: text.exactOptional() }).optional(),
});
export type NatsAccess = z.output<typeof NatsAccess>;
