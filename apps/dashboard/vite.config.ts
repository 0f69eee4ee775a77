import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const server = 'http://127.0.0.1:8080';

/** The one font file is asked for with the page, before the style sheet that names it is read. */
function preloadFont(): Plugin {
  return {
    name: 'penstock-preload-font',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const font = Object.keys(bundle ?? {}).find((file) => file.endsWith('.woff2'));
        if (!font) return [];
        const attrs = {
          rel: 'preload',
          href: `./${font}`,
          as: 'font',
          type: 'font/woff2',
          crossorigin: '',
        };
        return [{ tag: 'link', attrs, injectTo: 'head' }];
      },
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  // Relative, so that the server decides below which path the page lies.
  base: './',
  plugins: [react(), preloadFont()],
  server: {
    proxy: { '/graphql': { target: server, ws: true }, '/ingest': server, '/api': server },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // One sheet for all pages: a page whose script is asked for a second time would come without
    // its own.
    cssCodeSplit: false,
    // Read by check-size.mjs to know what the first route loads.
    manifest: true,
    // A font or image is a file of its own: the content policy allows no data: URL.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
  },
});
