/** One route a command, from the catalog's own schemas: what may be asked on the bus may be asked here, as oneself. */
import { z } from 'zod';
import { type CommandPayload, type CommandType, commandSchemas, commandTypes } from '../../../schemas/commands.ts';
import { At, CommandId, LogId, Position, Reason, Term } from '../../../schemas/ids.ts';
import { Event } from '../../../schemas/events.ts';
import { Forecast } from '../../../schemas/forecast.ts';
import { eventText } from '../../../src/audit/event-text.ts';
import type { SendOptions, SendOutcome } from '../../../src/client/command-sender.ts';
import { forecast } from '../../../src/forecast/forecast.ts';
import { type Caller, type Role, unauthenticated } from '../access.ts';
import type { Api, App } from '../app.ts';
import { commandRefusals } from '../bodies.ts';
import { ofRejection } from '../problem.ts';

/** What changes the shape of the fleet, or cannot be undone by the same hand. */
const forAdmins: ReadonlySet<CommandType> = new Set<CommandType>([
  'group.create',
  'group.configure',
  'group.delete',
  'server.retire',
  'project.retire',
  'balancer.register',
  'balancer.retire',
]);

export function roleFor(type: CommandType): Role {
  return forAdmins.has(type) ? 'admin' : 'operator';
}

export const CommandHeaders = z.object({
  /** The command's id. With one, the same command is safe to send again. */
  'idempotency-key': CommandId.optional(),
  /** The ETag of what it changes, as it was seen. */
  'if-match': z
    .string()
    .regex(/^(W\/)?"?[0-9]{1,15}"?$/, 'must be an ETag of what the command changes, such as "1200"')
    .transform((text) => Number(text.replaceAll(/[^0-9]/g, '')))
    .optional(),
});

/** Beside the payload's own fields. */
const envelope = {
  reason: Reason.optional(),
  /** When it was asked. Needed only to have a late repeat refused as `too-old`; it is part of what is repeated. */
  issuedAt: At.optional(),
};

export const Accepted = z.object({
  status: z.literal('accepted'),
  log: LogId,
  term: Term,
  position: Position,
  id: CommandId,
  /** True: this id was seen before, and this is the first outcome again. */
  repeated: z.boolean(),
  warnings: z.array(z.string()),
  event: Event,
  text: z.string(),
});

export type Accepted = z.infer<typeof Accepted>;

/** An election takes some seconds; past this the client shall know that it does not know. */
const outcomeTimeoutMs = 10_000;
/** So that who asks next sees what was just decided; the fold follows the log by milliseconds. */
const foldedTimeoutMs = 2_000;

export function addCommands(app: App, api: Api): void {
  for (const type of commandTypes) {
    addWhatIf(app, api, type);
    app.post(
      `/v1/commands/${type.replace('.', '/')}`,
      {
        config: { role: roleFor(type) },
        schema: {
          tags: ['commands'],
          summary: `Asks for ${type}.`,
          headers: CommandHeaders,
          body: commandSchemas[type].safeExtend(envelope) as z.ZodType<Body>,
          response: { 200: Accepted, ...commandRefusals },
        },
      },
      async ({ body, headers, caller }, reply) => {
        if (caller === null) throw unauthenticated();
        const done = await sendCommand(api, {
          type,
          body,
          caller,
          id: headers['idempotency-key'],
          ifPosition: headers['if-match'],
        });
        reply.header('etag', `"${done.position}"`);
        return done;
      },
    );
  }
}

/** A forecast is worked out between two answers: a fifth of a second at most. Past it only what is decided is told. */
const looksMax = 2_000;

/** What would come of it, for whoever may look: decided on a copy, by the same rules. Nothing is sent. */
function addWhatIf(app: App, { asOf, clock }: Api, type: CommandType): void {
  app.post(
    `/v1/what-if/${type.replace('.', '/')}`,
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['commands'],
        summary: `Tells what would follow from ${type}, were every server to do at once what it is told.`,
        headers: CommandHeaders.pick({ 'if-match': true }),
        body: commandSchemas[type].safeExtend(envelope) as z.ZodType<Body>,
        response: { 200: Forecast, ...commandRefusals },
      },
    },
    async ({ body, headers: { 'if-match': ifPosition }, caller }) => {
      if (caller === null) throw unauthenticated();
      const { state } = asOf.now();
      const asked = ifPosition === undefined ? body : { ...body, ifPosition };
      const commands = [{ type, body: asked }];
      return forecast(state, { commands, principal: caller.principal, now: clock.now(), looksMax });
    },
  );
}

type Body = CommandPayload & { readonly reason?: string | undefined; readonly issuedAt?: number | undefined };

interface Sent {
  readonly type: CommandType;
  readonly body: Body;
  readonly caller: Caller;
  readonly id: CommandId | undefined;
  readonly ifPosition: Position | undefined;
}

async function sendCommand(api: Api, { type, body, caller, id, ifPosition }: Sent): Promise<Accepted> {
  const { reason, issuedAt, ...payload } = body;
  const options = sendOptions({ id, ifPosition, reason, issuedAt });
  const outcome = await api.senders.as(caller.principal, (muster) =>
    muster.send(type, payload as CommandPayload, options),
  );
  return accepted(api, outcome);
}

interface Asked {
  readonly id: CommandId | undefined;
  readonly ifPosition: Position | undefined;
  readonly reason: string | undefined;
  readonly issuedAt: number | undefined;
}

/** What the headers and the envelope say, for the sender. */
export function sendOptions({ id, ifPosition, reason, issuedAt }: Asked): SendOptions {
  return {
    timeoutMs: outcomeTimeoutMs,
    ...(id === undefined ? {} : { id }),
    // An id that may come again must come with the same body, whichever process it goes through.
    ...(id !== undefined && issuedAt === undefined ? { issuedAt: null } : {}),
    ...(issuedAt === undefined ? {} : { issuedAt }),
    ...(ifPosition === undefined ? {} : { ifPosition }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Once whoever asks next sees it. Throws the refusal of a rejection. */
export async function accepted(api: Api, outcome: SendOutcome): Promise<Accepted> {
  // Late is no failure: the outcome is certain, and the screens catch up by themselves.
  await api.follower.passed(outcome.position, AbortSignal.timeout(foldedTimeoutMs)).catch(() => undefined);
  if (outcome.status === 'rejected') throw ofRejection(outcome.rejection, outcome.position);
  return { ...outcome, warnings: [...outcome.warnings], text: eventText(outcome.event) };
}
