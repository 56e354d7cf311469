/**
 * A project bundle: a folder with `project.yaml`, packed into a plain tar whose first entry is its manifest.
 * Plain, so that the digest does not hang on a compressor's version.
 */
import { z } from 'zod';
import { ProjectId } from './ids.ts';
import { bundleBytesMax } from './commands.ts';

/** Files in one bundle at most: an API bundle of a thousand files is already unusual. */
export const bundleFilesMax = 4_096;
/** The manifest's name inside the tar, reserved there. */
export const manifestPath = '.muster-manifest.json';

export const BundleManifest = z.object({
  format: z.literal(1),
  project: ProjectId,
  /** Every regular file, sorted by path; nothing else may be in the tar. */
  files: z
    .array(z.object({ path: z.string().min(1).max(512), bytes: z.int().min(0).max(bundleBytesMax) }))
    .min(1)
    .max(bundleFilesMax),
  /** Sum of the files' sizes. */
  bytes: z.int().min(0).max(bundleBytesMax),
});
export type BundleManifest = z.infer<typeof BundleManifest>;

const path = z.string().regex(/^\/[^\s?#]*$/, 'must begin with "/" and hold no space, "?" or "#"');
/** As HTTP takes them (RFC 9110, section 5): of any other a gateway could make no answer. */
const headers = z.record(
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be the name of a header'),
  z.string().regex(/^[\t -~\u0080-\u00ff]*$/, 'must be one line of Latin-1'),
);

/** One route of the built-in gateway: requests go to an upstream, or get a fixed answer. */
export const Route = z
  .object({
    /** Matched as find-my-way does: `/orders`, `/orders/:id`, `/orders/*`. */
    path,
    /** Default: every method. */
    methods: z
      .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
      .min(1)
      .optional(),
    /** Base URL the request's own path is appended to. */
    upstream: z.url({ protocol: /^https?$/ }).optional(),
    /** `{{server}}`, `{{project}}` and `{{version}}` in the body stand for who answers. */
    respond: z
      .object({
        status: z.int().min(200).max(599).default(200),
        headers: headers.optional(),
        body: z.string().default(''),
        /** Milliseconds to wait before answering: for samples and drills. */
        delayMs: z.int().min(0).max(600_000).optional(),
      })
      .optional(),
  })
  .refine(
    (route) => (route.upstream === undefined) !== (route.respond === undefined),
    'has either "upstream" or "respond"',
  );
export type Route = z.infer<typeof Route>;

/** `project.yaml`: what Muster reads of it. Anything else in it is the driver's. */
export const ProjectFile = z.looseObject({
  name: ProjectId,
  routes: z.array(Route).max(1_024).default([]),
  /** A path that answers 2xx when this project works on a server. */
  health: path.optional(),
});
export type ProjectFile = z.infer<typeof ProjectFile>;
