// The publisher's one script tag: puts the appeal after itself as one frame, and lets the frame say how tall it is.
(() => {
  const tag = document.currentScript;
  if (!(tag instanceof HTMLScriptElement)) return;
  const home = new URL(tag.src).origin;
  const { article, campaign, component, currency, locale, scheme } = tag.dataset;

  const from = document.referrer && new URL(document.referrer).host;
  const canonical = document.querySelector<HTMLLinkElement>('link[rel="canonical"]')?.href;
  const query = new URLSearchParams();
  const say = (name: string, value: string | null | undefined) => value && query.set(name, value);
  say('article', article ?? canonical ?? location.origin + location.pathname);
  say('campaign', campaign);
  say('component', component);
  say('currency', currency);
  say('locale', locale ?? document.documentElement.lang);
  say('referrer', from && from !== location.host ? from : '');
  say('scheme', scheme ?? (isLight() ? 'light' : ''));
  // To whom the frame tells its height: to this page's origin and to no other.
  say('host', location.origin);

  const frame = document.createElement('iframe');
  frame.src = `${home}/embed/appeal?${query}`;
  frame.title = 'Support';
  frame.loading = 'lazy';
  // About as tall as it will be, so that nothing jumps far when it comes.
  Object.assign(frame.style, {
    display: 'block',
    width: '100%',
    height: '52rem',
    border: '0',
    colorScheme: 'normal',
  });
  addEventListener('message', ({ origin, source, data }: MessageEvent<unknown>) => {
    if (origin !== home || source !== frame.contentWindow || typeof data !== 'object' || !data) return;
    const { favor, height, title } = data as { favor?: unknown; height?: unknown; title?: unknown };
    if (favor !== 'appeal') return;
    if (typeof height === 'number' && height > 0 && height < 5000)
      frame.style.height = `${Math.ceil(height)}px`;
    if (typeof title === 'string') frame.title = title;
  });
  tag.after(frame);

  /** Whether this page is a light one whatever the reader's device prefers: the frame then is one too. */
  function isLight(): boolean {
    for (const part of [document.body, document.documentElement]) {
      const colour =
        part && /^rgba?\((\d+), (\d+), (\d+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(part).backgroundColor);
      if (colour && colour[4] !== '0') return Number(colour[1]) + Number(colour[2]) + Number(colour[3]) > 384;
    }
    return !getComputedStyle(document.documentElement).colorScheme.includes('dark');
  }
})();
