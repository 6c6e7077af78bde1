/**
 * What your app server does, in the place of one: with the secret it registers users and fetches their
 * tokens. In your app this runs on your server, and the secret never leaves it.
 */
const post = async (path, body, token) => {
  const response = await fetch(path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      operationID: crypto.randomUUID(),
      ...(token === undefined ? {} : { token }),
    },
    body: JSON.stringify(body),
  });
  return response.json();
};

const REGISTERED_ALREADY = 1102;
const WEB = 5;
const ADMIN = 'imAdmin';

const must = (answer, ...alsoFine) => {
  if (answer.errCode === 0 || alsoFine.includes(answer.errCode)) return answer.data;
  throw new Error(`${answer.errMsg} (${answer.errCode}): ${answer.errDlt}`);
};

/** Registers whoever is not yet, and gives a token for the first of them. */
export const tokenFor = async (secret, user, peer) => {
  const admin = must(await post('/auth/get_admin_token', { secret, userID: ADMIN }));
  for (const userID of new Set([user, peer])) {
    const users = [{ userID, nickname: userID }];
    must(await post('/user/user_register', { users }, admin.token), REGISTERED_ALREADY);
  }
  const { token } = must(
    await post('/auth/get_user_token', { userID: user, platformID: WEB }, admin.token),
  );
  return token;
};
