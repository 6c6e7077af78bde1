import { CbEvents, getSDK } from '/demo/sdk/index.es.js';
import { tokenFor } from '/demo/appServer.js';

const WEB = 5;
const TEXT = 101;
const REVOKED = 2101;
const SINGLE = 1;
const HISTORY = 50;

const find = (id) => document.getElementById(id);
const sdk = getSDK({
  coreWasmPath: '/demo/sdk/openIM.wasm',
  sqlWasmPath: '/demo/sdk/sql-wasm.wasm',
  debug: false,
});

const me = { user: '', peer: '', conversation: '' };
/** By clientMsgID: what is shown, in the order of the conversation. */
let shown = new Map();

const say = (text) => (find('state').textContent = text);

const textOf = (message) => {
  if (message.contentType === TEXT) return message.textElem?.content ?? '';
  return message.contentType === REVOKED
    ? 'Message revoked'
    : `(content type ${message.contentType})`;
};

const STATUS = { 1: 'sending', 2: 'sent', 3: 'failed' };

const drawMessages = () => {
  const list = find('messages');
  const inOrder = [...shown.values()].sort((a, b) => a.sendTime - b.sendTime || a.seq - b.seq);
  list.replaceChildren(
    ...inOrder.map((message) => {
      const line = document.createElement('li');
      const note = document.createElement('small');
      const own = message.sendID === me.user;
      line.classList.toggle('own', own);
      line.textContent = textOf(message);
      const time = new Date(message.sendTime || message.createTime).toLocaleTimeString();
      const state = own ? (message.isRead ? 'read' : STATUS[message.status]) : '';
      note.textContent = [time, message.seq > 0 ? `#${message.seq}` : '', state]
        .filter(Boolean)
        .join(' · ');
      line.append(note);
      return line;
    }),
  );
  list.scrollTop = list.scrollHeight;
};

const show = (...messages) => {
  for (const message of messages) {
    shown.set(message.clientMsgID, { ...shown.get(message.clientMsgID), ...message });
  }
  drawMessages();
};

let drawn = 0;

const drawConversations = async () => {
  drawn += 1;
  const own = drawn;
  const { data } = await sdk.getAllConversationList();
  // An older list may come after a newer one.
  if (own !== drawn) return;
  find('conversations').replaceChildren(
    ...data.map((conversation) => {
      const line = document.createElement('li');
      line.tabIndex = 0;
      line.textContent = conversation.showName || conversation.userID;
      line.ariaCurrent = String(conversation.conversationID === me.conversation);
      line.onclick = () => open(conversation.userID);
      // What comes while its chat is open is read at once.
      if (conversation.unreadCount > 0 && conversation.conversationID !== me.conversation) {
        const badge = document.createElement('span');
        badge.className = 'badge';
        badge.textContent = conversation.unreadCount;
        line.append(badge);
      }
      return line;
    }),
  );
};

const open = async (peer) => {
  me.peer = peer;
  find('with').textContent = peer;
  const { data } = await sdk.getOneConversation({ sourceID: peer, sessionType: SINGLE });
  me.conversation = data.conversationID;
  shown = new Map();
  const history = await sdk.getAdvancedHistoryMessageList({
    conversationID: me.conversation,
    count: HISTORY,
    startClientMsgID: '',
    viewType: 0,
  });
  show(...history.data.messageList);
  await markRead();
  await drawConversations();
  // Before it has synced the SDK takes no message.
  find('send').querySelector('fieldset').disabled = false;
};

const markRead = () =>
  sdk.markConversationMessageAsRead(me.conversation).catch(() => {
    // Nothing is unread, or the connection is away: the next message marks again.
  });

const isHere = ({ sendID, recvID }) =>
  [sendID, recvID].sort().join() === [me.user, me.peer].sort().join();

const listen = () => {
  sdk.on(CbEvents.OnConnecting, () => say('connecting …'));
  sdk.on(CbEvents.OnConnectSuccess, () => say('connected'));
  sdk.on(CbEvents.OnConnectFailed, () => say('offline'));
  sdk.on(CbEvents.OnSyncServerFinish, () => open(me.peer));
  sdk.on(CbEvents.OnKickedOffline, () => say('logged in elsewhere'));
  sdk.on(CbEvents.OnUserTokenExpired, () => say('token expired'));
  sdk.on(CbEvents.OnConversationChanged, drawConversations);
  sdk.on(CbEvents.OnNewConversation, drawConversations);
  sdk.on(CbEvents.OnRecvNewMessages, async ({ data }) => {
    const here = data.filter(isHere);
    show(...here);
    if (here.some(({ sendID }) => sendID !== me.user)) await markRead();
  });
  sdk.on(CbEvents.OnRecvC2CReadReceipt, ({ data }) => {
    for (const { msgIDList } of data) {
      for (const clientMsgID of msgIDList) {
        if (shown.has(clientMsgID)) show({ clientMsgID, isRead: true });
      }
    }
  });
  sdk.on(CbEvents.OnNewRecvMessageRevoked, ({ data }) => {
    if (shown.has(data.clientMsgID)) show({ clientMsgID: data.clientMsgID, contentType: REVOKED });
  });
};

find('login').onsubmit = async (event) => {
  event.preventDefault();
  const { user, peer, secret } = Object.fromEntries(new FormData(event.target));
  const button = event.target.querySelector('button');
  button.disabled = true;
  try {
    const { wsPort } = await (await fetch('/demo/config.json')).json();
    const token = await tokenFor(secret, user, peer);
    Object.assign(me, { user, peer });
    find('me').textContent = user;
    find('with').textContent = peer;
    find('other').textContent = `Open as ${peer}`;
    find('other').href = `/demo?${new URLSearchParams({ user: peer, peer: user })}`;
    find('welcome').hidden = true;
    find('chat').hidden = false;
    listen();
    await sdk.login({
      userID: user,
      token,
      platformID: WEB,
      apiAddr: location.origin,
      wsAddr: `ws://${location.hostname}:${wsPort}`,
    });
  } catch (error) {
    find('welcome').hidden = false;
    find('chat').hidden = true;
    find('problem').hidden = false;
    find('problem').textContent = error.errMsg ?? error.message ?? String(error);
    button.disabled = false;
  }
};

find('send').onsubmit = async (event) => {
  event.preventDefault();
  const field = event.target.elements.text;
  const text = field.value.trim();
  if (text === '') return;
  field.value = '';
  const { data: message } = await sdk.createTextMessage(text);
  show(message);
  try {
    const { data } = await sdk.sendMessage({ recvID: me.peer, groupID: '', message });
    show(data);
  } catch {
    show({ ...message, status: 3 });
  }
};

// ?user=ann&peer=bob fills in the form.
const wanted = new URLSearchParams(location.search);
for (const name of ['user', 'peer']) {
  if (wanted.has(name)) find('login').elements[name].value = wanted.get(name);
}
