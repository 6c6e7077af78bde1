const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"']*:)[^\s/?#"']*(?=@)/gi;
/** Of a store, whose path holds no address: a password there may have been written without encoding it. */
const PASSWORD_OF_STORE =
  /((?:esdb|kurrentdb|postgres(?:ql)?|nats|tls)(?:\+[a-z]+)?:\/\/[^\s:@"']*:)[^\s"']*(?=@)/gi;
/** A token in the place of a login: NATS has it. */
const TOKEN_OF_BUS = /((?:nats|tls):\/\/)[^\s:/?#@"']+(?=@)/gi;
const SECRET_IN_QUERY = /([?&](?:token|secret|password|authorization)=)[^&\s#"']+/gi;

/** A text without the passwords of the URLs in it, and without tokens and secrets in their queries. */
export const redactUrl = (text: string): string =>
  text
    .replace(PASSWORD_OF_STORE, '$1***')
    .replace(PASSWORD_IN_URL, '$1***')
    .replace(TOKEN_OF_BUS, '$1***')
    .replace(SECRET_IN_QUERY, '$1***');

/** A text that was meant as an address and is none: all that may be a password is left out. */
export const withoutLogin = (text: string): string =>
  redactUrl(text.replace(/(:\/\/[^:@]*:).*(?=@)/s, '$1***'));
