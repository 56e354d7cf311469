// A health check without curl: node healthy.mjs URL... succeeds when each answers. Which status is not asked: a gateway without
// projects and a balancer without servers answer with errors, and are as they should be.
for (const url of process.argv.slice(2)) await fetch(url, { signal: AbortSignal.timeout(3_000) });
