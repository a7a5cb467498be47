// On a form of giving: says exactly what happens for the reader's own amount, and keeps a button from being pressed twice.
for (const form of document.querySelectorAll<HTMLFormElement>('form.giving')) tend(form);

function tend(form: HTMLFormElement): void {
  const { locale = 'en', currency = 'USD', exponent = '2', step = '1', fixedFee = '30' } = form.dataset;
  const own = form.querySelector<HTMLInputElement>('input[name="amount"]');

  const say = () => {
    const amountMinor = read(own?.value ?? '', Number(exponent));
    for (const words of form.querySelectorAll<HTMLElement>('[data-template]')) {
      const { template = '', plain = '', says } = words.dataset;
      const extra = amountMinor === null ? 0 : cover(amountMinor, Number(fixedFee), Number(step));
      const shown =
        amountMinor === null ? null : says === 'fees' ? extra : amountMinor + (says === 'whole' ? extra : 0);
      words.textContent =
        shown === null ? plain : template.replace('{}', money(shown, locale, currency, Number(exponent)));
    }
  };
  own?.addEventListener('input', say);
  say();

  form.addEventListener('change', (event) => {
    const card = event.target;
    if (card instanceof HTMLInputElement && card.name.startsWith('amount_') && card.value === 'other')
      own?.focus();
  });

  const button = form.querySelector<HTMLButtonElement>('button[type="submit"]');
  form.addEventListener('submit', (event) => {
    if (button?.ariaBusy === 'true') event.preventDefault();
    else if (button) button.ariaBusy = 'true';
  });
  // Back from the payment page the form is as it was left, busy; it must be ready again.
  addEventListener('pageshow', () => {
    if (button) button.ariaBusy = null;
    say();
  });
}

/** What was typed, in minor units; null where the service should be the judge. */
function read(text: string, exponent: number): number | null {
  const number = /^(\d{1,9})(?:[.,](\d{1,3}))?$/.exec(text.trim().replace(/\s(?=\d{3}(?!\d))/g, ''));
  if (!number) return null;
  const [, whole = '', decimals = ''] = number;
  if (decimals.length > exponent || (decimals.length === 3 && exponent !== 3)) return null;
  const amountMinor = Number(whole + decimals.padEnd(exponent, '0'));
  return amountMinor > 0 ? amountMinor : null;
}

/** As `feeCover` in values/money reckons. */
function cover(amountMinor: number, fixedFee: number, step: number): number {
  const charged = Math.ceil(Math.ceil(((amountMinor + fixedFee) * 1000) / 971) / step) * step;
  return charged - amountMinor;
}

function money(amountMinor: number, locale: string, currency: string, exponent: number): string {
  const digits = amountMinor % 10 ** exponent === 0 ? 0 : exponent;
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amountMinor / 10 ** exponent);
}

export {};
