// The ways to pay, as quiet marks of one colour: drawn here, recognisable, and no one's picture file.
import type { VNode } from 'preact';
import type { Currency } from '../values/money.ts';
import type { Words } from '../words/words.ts';

/** What Stripe offers depends on the reader's country and device; these are the ones most readers look for. */
export function PaymentMarks({ words, currency }: { words: Words; currency: Currency }): VNode {
  return (
    <ul class="marks" aria-label={words.donate.waysToPay}>
      <Mark name="Visa" width={44}>
        <Letters x={8} y={19} size={14} long={28} slanted>
          VISA
        </Letters>
      </Mark>
      <Mark name="Mastercard" width={44}>
        <circle cx="17.5" cy="14" r="7.5" fill-opacity="0.5" />
        <circle cx="26.5" cy="14" r="7.5" fill-opacity="0.8" />
      </Mark>
      <Mark name="American Express" width={44}>
        <rect x="6" y="6" width="32" height="16" rx="1.5" />
        <Letters x={9} y={17.6} size={10} long={26} cut>
          AMEX
        </Letters>
      </Mark>
      <Mark name="Apple Pay" width={52}>
        <path
          d="M13.6 9.2c.6-.7 1-1.7.9-2.7-.9.1-1.9.6-2.5 1.3-.5.6-1 1.6-.9 2.6 1 .1 2-.5 2.5-1.2Zm.9 1.4c-1.4-.1-2.6.8-3.2.8-.7 0-1.7-.7-2.8-.7-1.4 0-2.8.8-3.5 2.1-1.5 2.6-.4 6.4 1.1 8.5.7 1 1.6 2.2 2.7 2.1 1.1 0 1.5-.7 2.8-.7s1.7.7 2.8.7c1.2 0 1.9-1 2.6-2.1.8-1.2 1.2-2.3 1.2-2.4 0 0-2.3-.9-2.3-3.5 0-2.2 1.8-3.2 1.9-3.3-1-1.5-2.6-1.6-3.3-1.5Z"
          transform="translate(1.5 -.9)"
        />
        <Letters x={22} y={19} size={13.5} long={23} light>
          Pay
        </Letters>
      </Mark>
      <Mark name="Google Pay" width={52}>
        <path d="M16.2 13.2h-5.1v2.1h2.9c-.3 1.4-1.4 2.1-2.9 2.1a3.4 3.4 0 1 1 2.2-6l1.6-1.6a5.6 5.6 0 1 0-3.8 9.8c3.1 0 5.3-2.2 5.3-5.4 0-.4 0-.7-.2-1Z" />
        <Letters x={21} y={19} size={13.5} long={23} light>
          Pay
        </Letters>
      </Mark>
      {/* Debits within SEPA are in euros only. */}
      {currency === 'EUR' && (
        <Mark name="SEPA" width={48}>
          <path d="M13 9.2a5.4 5.4 0 0 0-7.6 3.1H4.2v1.6h1v.6h-1v1.6h1.3A5.4 5.4 0 0 0 13 19l-.9-1.8a3.4 3.4 0 0 1-4.7-1.1h3.4l.6-1.6H7v-.6h4.6l.6-1.6H7.5a3.4 3.4 0 0 1 4.6-1.1Z" />
          <Letters x={15.5} y={18.4} size={12} long={27}>
            SEPA
          </Letters>
        </Mark>
      )}
    </ul>
  );
}

function Mark({ name, width, children }: { name: string; width: number; children: VNode | VNode[] }): VNode {
  return (
    <li>
      <svg
        viewBox={`0 0 ${width} 28`}
        width={width}
        height="28"
        role="img"
        aria-label={name}
        fill="currentColor"
      >
        <title>{name}</title>
        <rect
          x="0.5"
          y="0.5"
          width={width - 1}
          height="27"
          rx="4"
          fill="none"
          stroke="currentColor"
          stroke-opacity="0.45"
        />
        {children}
      </svg>
    </li>
  );
}

/** Lettering of a stated length, so that it fits its frame in whatever font is there. */
function Letters(letters: {
  x: number;
  y: number;
  size: number;
  long: number;
  light?: boolean;
  slanted?: boolean;
  cut?: boolean;
  children: string;
}): VNode {
  return (
    <text
      x={letters.x}
      y={letters.y}
      font-size={letters.size}
      font-weight={letters.light ? 500 : 800}
      textLength={letters.long}
      lengthAdjust="spacingAndGlyphs"
      {...(letters.slanted && { 'font-style': 'italic' as const })}
      {...(letters.cut && { class: 'cut' })}
    >
      {letters.children}
    </text>
  );
}
