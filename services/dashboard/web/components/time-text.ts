/** Times and durations in words, short and of one width: a column of them is read at a glance. Pure. */
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `4 s`, `3 min 20 s`, `2 h 5 min`, `9 d`. */
export function durationText(ms: number): string {
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < 10 * minute) return pair(ms, { unit: minute, name: 'min', lesser: second, lesserName: 's' });
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < day) return pair(ms, { unit: hour, name: 'h', lesser: minute, lesserName: 'min' });
  return `${Math.floor(ms / day)} d`;
}

interface Units {
  readonly unit: number;
  readonly name: string;
  readonly lesser: number;
  readonly lesserName: string;
}

function pair(ms: number, { unit, name, lesser, lesserName }: Units): string {
  const rest = Math.floor((ms % unit) / lesser);
  return rest === 0 ? `${Math.floor(ms / unit)} ${name}` : `${Math.floor(ms / unit)} ${name} ${rest} ${lesserName}`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});

/** `14:03:12`. */
export function timeText(at: number): string {
  return clock.format(at);
}

/** `3 Mar 2026, 14:03:12`. */
export function clockText(at: number): string {
  return full.format(at);
}

/** The clock time, with the day where that is not today's. */
export function momentText(at: number): string {
  return new Date(at).toDateString() === new Date().toDateString() ? timeText(at) : clockText(at);
}
