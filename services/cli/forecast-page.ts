/** A forecast as people read it: what would be decided, then every coming transition and pool revision, in order. Pure. */
import type { Forecast, ForecastTransition } from '../../schemas/forecast.ts';
import { durationText } from '../../src/std/durations.ts';
import { eventText } from '../../src/audit/event-text.ts';
import { oneLine } from '../../src/std/one-line.ts';
import type { Paint } from './paint.ts';

export function forecastPage(forecast: Forecast, paint: Paint): string {
  return [...decisionLines(forecast, paint), ...transitionLines(forecast, paint)].join('\n');
}

function decisionLines({ decisions }: Forecast, paint: Paint): string[] {
  return decisions.flatMap((decision) => {
    if (decision.status === 'rejected') {
      const { code, message, next } = decision.rejection;
      const refused = `${paint.red('refused')}  ${decision.command} (${code}): ${oneLine(message)}`;
      return next === undefined ? [refused] : [refused, `${paint.dim('next')}     ${oneLine(next)}`];
    }
    const warnings = (decision.event.warnings ?? []).map((text) => `${paint.yellow('warning')}  ${oneLine(text)}`);
    return [`${paint.green('decided')}  ${eventText(decision.event)}`, ...warnings];
  });
}

/** What follows, each with how long after. */
export function transitionLines({ at, transitions, settled, waiting }: Forecast, paint: Paint): string[] {
  if (transitions.length === 0) return [paint.dim('nothing else would follow; nothing was sent')];
  const lines = transitions.map((transition) => {
    const after = `+${durationText(Math.max(0, transition.at - at))}`;
    return `${paint.dim(after.padStart(7))}  ${transitionText(transition, paint)}`;
  });
  const last = transitions.at(-1)?.at ?? at;
  const end = settled ? `settled after ${durationText(last - at)}` : 'and more would follow: the forecast is cut here';
  return [
    paint.dim('then, if every server does at once what it is told:'),
    ...lines,
    ...waiting.map(
      ({ group, reason }) => `${paint.yellow('waits')}    a rollout on ${group} needs a person: ${oneLine(reason)}`,
    ),
    paint.dim(`${end}; nothing was sent`),
  ];
}

function transitionText(transition: ForecastTransition, paint: Paint): string {
  if (transition.kind === 'event') return eventText(transition.event);
  const { group, entered, draining, left, serving } = transition;
  const parts = [
    ...(entered.length === 0 ? [] : [`in: ${entered.join(', ')}`]),
    ...(draining.length === 0 ? [] : [`no new requests: ${draining.join(', ')}`]),
    ...(left.length === 0 ? [] : [`out: ${left.join(', ')}`]),
  ];
  return paint.bold(`pool ${group}  ${parts.join('; ')} (${serving} serving)`);
}
