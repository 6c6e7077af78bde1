const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s:/?#@"']*:)[^\s/?#"']*(?=@)/gi;
const SECRET_IN_QUERY = /([?&](?:token|secret|password|authorization)=)[^&\s#"']+/gi;

/** A text without the passwords of the URLs in it, and without tokens and secrets in their queries. */
export const redactUrl = (text: string): string =>
  text.replace(PASSWORD_IN_URL, '$1***').replace(SECRET_IN_QUERY, '$1***');
