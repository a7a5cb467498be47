// What pages are dressed in: style sheets and small scripts under names that carry their contents, so that they keep for ever.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { type Response, Router } from 'express';

interface Asset {
  /** `reader.4f2a….css` */
  file: string;
  type: string;
  /** Made at the first request: scripts are bundled only when someone wants them. */
  contents(): Buffer;
}

/** Where an asset is served: `reader.css`, `desk.css`, `mark.svg`, or `NAME.js` for any `NAME.browser.ts` in the tree. */
export function assetPath(name: string): string {
  const asset = assets.get(name);
  if (!asset) throw new Error(`There is no asset ${name}`);
  return `/assets/${asset.file}`;
}

/** Serves every asset, compressed once and kept in memory. */
export function assetRoutes(): Router {
  const routes = Router();
  const served = new Map(
    [...assets.values()].map((asset) => [asset.file, lazily(() => encodings(asset.contents()))]),
  );
  const types = new Map([...assets.values()].map((asset) => [asset.file, asset.type]));
  routes.get('/assets/:file', (req, res, next) => {
    const bodies = served.get(req.params.file);
    const type = types.get(req.params.file);
    if (!bodies || !type) return next();
    res.set({ 'Content-Type': type, 'Cache-Control': 'public, max-age=31536000, immutable' });
    sendEncoded(res, bodies());
  });
  return routes;
}

export interface Encodings {
  identity: Buffer;
  gzip: Buffer;
  br: Buffer;
}

/** The same bytes in every encoding a browser may ask for. */
export function encodings(contents: Buffer): Encodings {
  return {
    identity: contents,
    gzip: gzipSync(contents, { level: 9 }),
    br: brotliCompressSync(contents, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: contents.length },
    }),
  };
}

/** Sends what was compressed beforehand, in the best encoding that was asked for. */
export function sendEncoded(res: Response, bodies: Encodings): void {
  const encoding = res.req.acceptsEncodings('br', 'gzip', 'identity');
  res.vary('Accept-Encoding');
  if (encoding === 'br' || encoding === 'gzip') res.set('Content-Encoding', encoding);
  res.end(bodies[encoding === 'br' || encoding === 'gzip' ? encoding : 'identity']);
}

/** Bundles one browser script, small. Synchronous, so that no compiler stays behind in memory. */
export function bundleScript(path: string): Buffer {
  const { outputFiles } = buildSync({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2021',
    legalComments: 'none',
  });
  const [script] = outputFiles;
  if (!script) throw new Error(`${basename(path)} could not be bundled`);
  return Buffer.from(script.contents);
}

/** Calls `make` once, when its value is first wanted. */
export function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const webFolder = import.meta.dirname;
const sourceFolder = join(webFolder, '..');

function findAssets(): Map<string, Asset> {
  const sheet = (name: string) =>
    Buffer.concat(['tokens.css', `${name}.css`].map((file) => readFileSync(join(webFolder, file))));
  const found = new Map<string, Asset>();
  for (const name of ['reader', 'desk']) {
    found.set(`${name}.css`, kept(name, 'css', 'text/css; charset=utf-8', sheet(name)));
  }
  found.set('mark.svg', kept('mark', 'svg', 'image/svg+xml', readFileSync(join(webFolder, 'mark.svg'))));
  for (const path of browserScripts()) {
    const name = basename(path, '.browser.ts');
    const source = readFileSync(path);
    // Named by its source: these scripts import nothing, so the source decides the bundle, and pages need not wait for it.
    const script = kept(name, 'js', 'text/javascript; charset=utf-8', source);
    found.set(`${name}.js`, { ...script, contents: () => bundleScript(path) });
  }
  return found;
}

function browserScripts(): string[] {
  return readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.browser.ts'))
    .map((name) => join(sourceFolder, name));
}

function kept(name: string, ending: string, type: string, contents: Buffer): Asset {
  const stamp = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  return { file: `${name}.${stamp}.${ending}`, type, contents: () => contents };
}

const assets: ReadonlyMap<string, Asset> = findAssets();
