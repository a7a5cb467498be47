// The errors the API answers with, in Stripe's own shape and words.

export interface ErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  doc_url?: string;
  charge?: string;
  payment_intent?: object;
  payment_method?: object;
}

export interface StripeRefusal extends Error {
  status: number;
  body: ErrorBody;
  /** The request was not begun on, so that its idempotency key remembers nothing of it. */
  unheard?: true;
}

/** Refuses the request: thrown, so that the transaction around it is rolled back. */
export function refusal(status: number, body: ErrorBody): StripeRefusal {
  const withDocs = body.code
    ? { ...body, doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll('_', '-')}` }
    : body;
  return Object.assign(new Error(body.message), { status, body: withDocs });
}

/** What cannot even be read is not remembered (https://docs.stripe.com/api/idempotent_requests). */
export function unheard(refused: StripeRefusal): StripeRefusal {
  return Object.assign(refused, { unheard: true as const });
}

export function isRefusal(error: unknown): error is StripeRefusal {
  return error instanceof Error && 'body' in error && 'status' in error;
}

export function invalid(message: string, param?: string, code?: string): StripeRefusal {
  return refusal(400, {
    type: 'invalid_request_error',
    message,
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param }),
  });
}

export function missing(what: string, id: string, param = 'id', status = 404): StripeRefusal {
  return refusal(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  });
}

export function unrecognised(method: string, path: string): StripeRefusal {
  return refusal(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
  });
}
