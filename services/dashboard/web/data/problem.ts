/** What went wrong, as the API says it: a sentence, a code, and what to do next. */
export interface ProblemBody {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly next?: string;
  readonly field?: string;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly next: string;
  readonly field: string | undefined;

  constructor({ code, status, detail, next, field, issues }: ProblemBody) {
    super([detail, ...(issues ?? []).map(({ path, message }) => `${path}: ${message}`)].join(' · '));
    this.code = code;
    this.status = status;
    this.next = next ?? '';
    this.field = field;
  }
}

/** Whatever was caught, as a problem: what is thrown by `fetch` itself means that the dashboard was not reached. */
export function problemOf(caught: unknown): Problem {
  if (caught instanceof Problem) return caught;
  const why = caught instanceof Error ? caught.message : String(caught);
  return new Problem({
    code: 'unreachable',
    status: 0,
    detail: `the dashboard's server does not answer (${why})`,
    next: 'it is asked again by itself; is "muster up" or "muster dashboard run" still running?',
  });
}

export async function problemIn(response: Response): Promise<Problem> {
  const { status } = response;
  if (response.headers.get('content-type')?.includes('json') === true) {
    const body = (await response.json()) as Partial<ProblemBody> & { title?: string };
    return new Problem({
      ...body,
      status,
      code: body.code ?? 'unknown',
      detail: body.detail ?? body.title ?? `HTTP ${status}`,
    });
  }
  return new Problem({
    code: 'unreadable',
    status,
    detail: `the server answered ${status} with something that is no JSON`,
    next: 'is there a proxy between this page and the dashboard?',
  });
}
