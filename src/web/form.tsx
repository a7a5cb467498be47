// Parts of forms: every field with its label, its hint and what is wrong with it, tied together for those who listen.
import type { ComponentChildren, VNode } from 'preact';
import type { CurrencySign } from '../values/money.ts';
import type { Fault } from '../values/refusal.ts';
import { sayFault, type Words } from '../words/words.ts';

/** What a form carries unseen; what is empty is left out. */
export function HiddenFields({ fields }: { fields: Record<string, string | null | undefined> }): VNode {
  return (
    <>
      {Object.entries(fields).map(([name, value]) =>
        value === null || value === undefined || value === '' ? null : (
          <input type="hidden" name={name} value={value} />
        ),
      )}
    </>
  );
}

/** Everything that was wrong, at the head of the form, each leading to its field. */
export function FaultSummary({
  words,
  faults,
  idOf = (field) => field,
}: {
  words: Words;
  faults: readonly Fault[];
  /** The id of the element that a field's name leads to. */
  idOf?: (field: string) => string;
}): VNode | null {
  if (faults.length === 0) return null;
  const [only] = faults;
  if (only && faults.length === 1 && only.field === undefined) {
    return (
      <div class="faults" role="alert" tabIndex={-1}>
        <p>{sayFault(words, only)}</p>
      </div>
    );
  }
  return (
    <div class="faults" role="alert" tabIndex={-1}>
      <h2>{words.common.errorSummary(faults.length)}</h2>
      <ul>
        {faults.map((each) => (
          <li>
            {each.field === undefined ? (
              sayFault(words, each)
            ) : (
              <a href={`#${idOf(each.field)}`}>{sayFault(words, each)}</a>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What is wrong with one field, as `FieldProps.fault` wants it. */
export function faultIn(words: Words, faults: readonly Fault[], field: string): string | undefined {
  const found = faults.find((each) => each.field === field);
  return found && sayFault(words, found);
}

export interface FieldProps {
  name: string;
  label: ComponentChildren;
  /** Defaults to the name. */
  id?: string;
  type?: 'text' | 'email' | 'password' | 'date';
  value?: string | undefined;
  hint?: ComponentChildren;
  fault?: string | undefined;
  required?: boolean;
  disabled?: boolean;
  autocomplete?: string;
  inputmode?: 'text' | 'decimal' | 'numeric' | 'email';
  min?: string;
  max?: string;
  minlength?: number;
  maxlength?: number;
  /** Stands beside what is typed, on the side where the language has it. */
  sign?: CurrencySign;
}

export function Field(field: FieldProps): VNode {
  const { id = field.name } = field;
  const describedBy = [field.hint !== undefined && `${id}-hint`, field.fault !== undefined && `${id}-fault`]
    .filter(Boolean)
    .join(' ');
  const attributes = {
    id,
    name: field.name,
    ...(field.value !== undefined && { value: field.value }),
    ...(field.required && { required: true }),
    ...(field.disabled && { disabled: true }),
    ...(field.autocomplete !== undefined && { autocomplete: field.autocomplete }),
    ...(field.inputmode !== undefined && { inputmode: field.inputmode }),
    ...(field.min !== undefined && { min: field.min }),
    ...(field.max !== undefined && { max: field.max }),
    ...(field.minlength !== undefined && { minlength: field.minlength }),
    ...(field.maxlength !== undefined && { maxlength: field.maxlength }),
    ...(describedBy !== '' && { 'aria-describedby': describedBy }),
    ...(field.fault !== undefined && { 'aria-invalid': 'true' as const }),
  };
  const input = inputs[field.type ?? 'text'](attributes);
  return (
    <div class="field">
      <label for={id}>{field.label}</label>
      {field.hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {field.hint}
        </p>
      )}
      {field.sign === undefined ? (
        input
      ) : (
        <div class="box">
          {!field.sign.afterNumber && <Sign sign={field.sign} />}
          {input}
          {field.sign.afterNumber && <Sign sign={field.sign} />}
        </div>
      )}
      <FieldFault id={id} fault={field.fault} />
    </div>
  );
}

/** A list to choose from. */
export function Select(field: {
  name: string;
  label: ComponentChildren;
  id?: string;
  value?: string | undefined;
  options: readonly { value: string; label: string }[];
  hint?: ComponentChildren;
  fault?: string | undefined;
}): VNode {
  const { id = field.name } = field;
  const describedBy = [field.hint !== undefined && `${id}-hint`, field.fault !== undefined && `${id}-fault`]
    .filter(Boolean)
    .join(' ');
  return (
    <div class="field">
      <label for={id}>{field.label}</label>
      {field.hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {field.hint}
        </p>
      )}
      <select
        id={id}
        name={field.name}
        {...(describedBy !== '' && { 'aria-describedby': describedBy })}
        {...(field.fault !== undefined && { 'aria-invalid': 'true' as const })}
      >
        {field.options.map((option) => (
          <option value={option.value} {...(option.value === field.value && { selected: true })}>
            {option.label}
          </option>
        ))}
      </select>
      <FieldFault id={id} fault={field.fault} />
    </div>
  );
}

export interface CardChoice {
  value: string;
  label: ComponentChildren;
  /** A class of its own on the card. */
  kind?: string;
  /** For scripts: `data-…` attributes on the radio. */
  facts?: Record<`data-${string}`, string>;
}

/** Radio buttons as cards: the whole card is the control. The legend is `id`-ed `NAME` so that a fault can lead to it. */
export function RadioCards(group: {
  name: string;
  legend: ComponentChildren;
  id?: string;
  chosen: string | undefined;
  choices: readonly CardChoice[];
  /** Classes of the grid: `frequencies`, `amounts`. */
  grid?: string;
  /** Classes of the fieldset. */
  kind?: string;
  unseenLegend?: boolean;
  fault?: string | undefined;
  required?: boolean;
}): VNode {
  const { id = group.name } = group;
  return (
    <fieldset
      id={id}
      {...(group.kind !== undefined && { class: group.kind })}
      {...(group.fault !== undefined && { 'aria-describedby': `${id}-fault` })}
    >
      <legend class={group.unseenLegend ? 'unseen' : 'legend'}>{group.legend}</legend>
      <FieldFault id={id} fault={group.fault} />
      <div class={group.grid === undefined ? 'cards' : `cards ${group.grid}`}>
        {group.choices.map((choice) => (
          <label class={choice.kind === undefined ? 'card' : `card ${choice.kind}`}>
            <input
              type="radio"
              name={group.name}
              value={choice.value}
              {...(choice.value === group.chosen && { checked: true })}
              {...(group.required && { required: true })}
              {...choice.facts}
            />
            <span>{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** A tick box. Nothing is ever ticked beforehand that the reader did not tick. */
export function Tick(field: {
  name: string;
  label: ComponentChildren;
  id?: string;
  value?: string;
  ticked?: boolean;
  hint?: ComponentChildren;
}): VNode {
  const { id = field.name } = field;
  return (
    <label class="tick" for={id}>
      <input
        type="checkbox"
        id={id}
        name={field.name}
        value={field.value ?? 'yes'}
        {...(field.ticked && { checked: true })}
        {...(field.hint !== undefined && { 'aria-describedby': `${id}-hint` })}
      />
      <span>{field.label}</span>
      {field.hint !== undefined && (
        <span class="hint" id={`${id}-hint`}>
          {field.hint}
        </span>
      )}
    </label>
  );
}

/** A button that keeps its width while busy and then says what it does; a script marks it `aria-busy`. */
export function Button(button: {
  children: ComponentChildren;
  busy?: string;
  id?: string;
  kind?: 'quiet' | 'stop';
  wide?: boolean;
  name?: string;
  value?: string;
  disabled?: boolean;
}): VNode {
  const classes = ['button', button.kind, button.wide && 'wide'].filter(Boolean).join(' ');
  return (
    <button
      type="submit"
      class={classes}
      {...(button.id !== undefined && { id: button.id })}
      {...(button.name !== undefined && { name: button.name })}
      {...(button.value !== undefined && { value: button.value })}
      {...(button.disabled && { disabled: true })}
    >
      {button.busy === undefined ? (
        button.children
      ) : (
        <>
          <span class="words-ready">{button.children}</span>
          <span class="words-busy" aria-hidden="true">
            {button.busy}
          </span>
        </>
      )}
    </button>
  );
}

// One line for each type: what a field may carry depends on it.
const inputs = {
  text: (attributes: object) => <input type="text" {...attributes} />,
  email: (attributes: object) => <input type="email" {...attributes} />,
  password: (attributes: object) => <input type="password" {...attributes} />,
  date: (attributes: object) => <input type="date" {...attributes} />,
};

function Sign({ sign: { sign } }: { sign: CurrencySign }): VNode {
  return (
    <span class="sign" aria-hidden="true">
      {sign}
    </span>
  );
}

function FieldFault({ id, fault }: { id: string; fault: string | undefined }): VNode | null {
  if (fault === undefined) return null;
  return (
    <p class="fault" id={`${id}-fault`}>
      {fault}
    </p>
  );
}
