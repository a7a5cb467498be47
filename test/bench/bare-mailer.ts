// The floor for letters: pooled nodemailer that sends one ready letter to so many addresses, and no more.
import { createServer } from 'node:http';
import { createTransport } from 'nodemailer';

const { PORT = '0', SMTP_PORT = '', MAILS = '0', LETTER = '{}', CONNECTIONS = '5' } = process.env;
const letter = JSON.parse(LETTER) as { subject: string; text: string; html: string };
const transport = createTransport({
  host: '127.0.0.1',
  port: Number(SMTP_PORT),
  ignoreTLS: true,
  pool: true,
  maxConnections: Number(CONNECTIONS),
  maxMessages: 500,
});

// Begins when asked, so that its own start is not counted.
const server = createServer((req, res) => {
  if (req.url === '/begin') void sendAll();
  res.end();
});
server.listen(Number(PORT), '127.0.0.1');

async function sendAll(): Promise<void> {
  await Promise.all(
    Array.from({ length: Number(MAILS) }, (_, number) =>
      transport.sendMail({
        ...letter,
        messageId: `<bare-${number}@example.org>`,
        from: { name: 'The Small Gazette', address: 'letters@example.org' },
        to: { name: '', address: `bare-${number}@example.org` },
      }),
    ),
  );
}
