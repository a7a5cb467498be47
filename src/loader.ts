// Lets Node run this tree as it is: compiles `.tsx`, and shortens the way to modules so that the start is quick.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, enableCompileCache, registerHooks, setSourceMapsSupport } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sourceFolder = import.meta.dirname;
const cacheFolder = join(sourceFolder, '..', 'node_modules', '.cache', 'small-favor');
const cacheFile = join(cacheFolder, 'pages.json');

type CompiledPages = Map<string, string>;
let compiledPages: CompiledPages | undefined;

// Keeps V8's bytecode and the stripped types of every module between starts; does nothing where it may not write.
enableCompileCache(join(cacheFolder, 'bytecode'));
// Stack traces name the lines of the `.tsx` as written.
setSourceMapsSupport(true, { nodeModules: false });

registerHooks({
  resolve(specifier, context, nextResolve) {
    // Node looks up the package of every single import, and drizzle-orm's package.json is so large that this
    // costs about 0.4 s and 230 MB; its own relative imports need no looking up.
    if (specifier.startsWith('.') && context.parentURL?.includes('/node_modules/drizzle-orm/')) {
      return { url: new URL(specifier, context.parentURL).href, format: 'module', shortCircuit: true };
    }
    return nextResolve(specifier, context);
  },

  load(url, context, nextLoad) {
    if (!url.startsWith('file:') || !url.endsWith('.tsx')) return nextLoad(url, context);
    const path = fileURLToPath(url);
    compiledPages ??= readOrCompilePages();
    const source = compiledPages.get(path) ?? compile([path]).get(path);
    if (source === undefined) throw new Error(`${path} could not be compiled.`);
    return { format: 'module', source, shortCircuit: true };
  },
});

/** All pages are compiled in one go: esbuild starts a process for each synchronous call. */
function readOrCompilePages(): CompiledPages {
  const paths = readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.tsx'))
    .sort()
    .map((name) => join(sourceFolder, name));
  const stamp = createHash('sha256').update(`${process.version} ${esbuildVersion()}`);
  for (const path of paths) stamp.update(`\0${path}\0`).update(readFileSync(path));
  const contents = stamp.digest('hex');
  return readCache(contents) ?? writeCache(contents, compile(paths));
}

function compile(paths: string[]): CompiledPages {
  const outputFolder = join(sourceFolder, '..', '.compiled');
  const { outputFiles } = esbuild().buildSync({
    entryPoints: paths.map((path, index) => ({ in: path, out: String(index) })),
    outdir: outputFolder,
    write: false,
    bundle: false,
    format: 'esm',
    target: 'node24',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'error',
  });
  return new Map(
    paths.map((path, index) => {
      const output = outputFiles.find((file) => file.path === join(outputFolder, `${index}.js`));
      return [path, output?.text ?? ''];
    }),
  );
}

// Loaded only when something must be compiled.
function esbuild(): typeof import('esbuild') {
  return createRequire(import.meta.url)('esbuild');
}

function esbuildVersion(): string {
  const packageFile = join(sourceFolder, '..', 'node_modules', 'esbuild', 'package.json');
  try {
    return String(JSON.parse(readFileSync(packageFile, 'utf8')).version);
  } catch {
    return 'unknown';
  }
}

interface CachedPages {
  contents: string;
  pages: [string, string][];
}

function readCache(contents: string): CompiledPages | undefined {
  try {
    const cached = JSON.parse(readFileSync(cacheFile, 'utf8')) as CachedPages;
    return cached.contents === contents ? new Map(cached.pages) : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(contents: string, pages: CompiledPages): CompiledPages {
  const cached: CachedPages = { contents, pages: [...pages] };
  const aside = `${cacheFile}.${process.pid}`;
  try {
    mkdirSync(cacheFolder, { recursive: true });
    writeFileSync(aside, JSON.stringify(cached));
    renameSync(aside, cacheFile);
  } catch {
    // A read-only installation compiles at each start, which takes a few hundredths of a second.
  }
  return pages;
}
