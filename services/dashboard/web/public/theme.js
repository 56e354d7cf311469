// Before the first paint: the theme somebody chose here, else the system's own (style/tokens.css).
try {
  const theme = localStorage.getItem('muster.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // No storage in this browser: the system's theme it is.
}
