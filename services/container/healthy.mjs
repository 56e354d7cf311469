// A health check without curl: node healthy.mjs URL... succeeds when each answers below 500.
for (const url of process.argv.slice(2)) {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  if (status >= 500) throw new Error(`${url} answers ${status}`);
}
