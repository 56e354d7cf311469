/**
 * Builds the screens into `dist`, for a page under a strict content security policy: no inline script or style, no
 * data URLs but images, nothing fetched from elsewhere.
 */
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** `npx vite services/dashboard/web` serves the screens with hot reload, over the API of this dashboard. */
const api = 'http://127.0.0.1:8090';

/** React Aria brings its words in 34 languages, a third of the bundle; the console speaks one (`app.tsx` says which). */
const oneLanguage: Plugin = {
  name: 'one-language',
  enforce: 'pre',
  resolveId(source, importer) {
    const isWords = /\/[a-z]{2}-[A-Z]{2}\.mjs$/.test(source) && /react-(aria|stately)/.test(importer ?? '');
    return isWords && !source.endsWith('/en-US.mjs') ? '\0no-words' : null;
  },
  load: (id) => (id === '\0no-words' ? 'export default {};' : null),
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [oneLanguage, react()],
  build: {
    outDir: '../../../dist/services/dashboard/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    target: 'es2023',
    // One operator's console on a fast network: the whole in one piece is faster than its parts one by one.
    chunkSizeWarningLimit: 1_000,
  },
  server: { proxy: { '/v1': api } },
});
