// A sample article of a made-up newspaper, with the real embed at its end, loaded from the service as from another site.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from 'express';
import type { VNode } from 'preact';
import { sendPage } from '../web/respond.ts';

/**
 * `GET /sandbox/article`. Open it at the machine's other loopback name (see `otherLoopback` in web/protection): the appeal then
 * comes from another site, as on a publisher's page.
 */
export function articleRoutes({ baseUrl }: { baseUrl: string }): Router {
  const routes = Router();
  const style = readFileSync(join(import.meta.dirname, 'article.css'));
  const service = new URL(baseUrl).origin;

  routes.get('/sandbox/article.css', (_req, res) => {
    res.set({ 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'no-cache' }).end(style);
  });

  routes.get('/sandbox/article', (req, res) => {
    // A publisher's page, so a publisher's policy: it lets the service's script and frame in.
    res.set(
      'Content-Security-Policy',
      `default-src 'none'; style-src 'self'; img-src 'self'; script-src ${service}; frame-src ${service}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    const language = req.query.locale === 'ru' ? 'ru' : 'en';
    sendPage(res, ArticlePage({ language, service }));
  });

  return routes;
}

function ArticlePage({ language, service }: { language: 'en' | 'ru'; service: string }): VNode {
  const article = articles[language];
  return (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${article.title} · ${article.paper}`}</title>
        <link rel="stylesheet" href="/sandbox/article.css" />
      </head>
      <body>
        <header>
          <p>{article.paper}</p>
          <nav>
            {article.languages.map(({ href, lang, name }) => (
              <a href={href} lang={lang} {...(lang === language && { 'aria-current': 'page' as const })}>
                {name}
              </a>
            ))}
          </nav>
        </header>
        <main>
          <p class="place">{article.place}</p>
          <h1>{article.title}</h1>
          <p class="summary">{article.summary}</p>
          {article.parts.map((part) => (typeof part === 'string' ? <p>{part}</p> : <h2>{part.heading}</h2>))}
          <p class="sample">{article.sample}</p>
          <script src={`${service}/embed.js`} data-article="the-river-gauge" data-campaign="sandbox" />
          <noscript>
            <a href={`${service}/donate?article=the-river-gauge&campaign=sandbox&locale=${language}`}>
              {article.support}
            </a>
          </noscript>
        </main>
      </body>
    </html>
  );
}

interface Article {
  paper: string;
  place: string;
  title: string;
  summary: string;
  parts: (string | { heading: string })[];
  /** Says that it is one. */
  sample: string;
  /** Stands in the appeal's place where scripts do not run. */
  support: string;
  languages: typeof languages;
}

const languages = [
  { href: '/sandbox/article?locale=en', lang: 'en', name: 'English' },
  { href: '/sandbox/article?locale=ru', lang: 'ru', name: 'Русский' },
];

const articles: Record<'en' | 'ru', Article> = {
  en: {
    paper: 'The Small Gazette',
    place: 'The town',
    title: 'A hundred years of mornings at the river gauge',
    summary:
      'Every day at seven somebody walks down to the old bridge, reads a number off a painted board and writes it in a book. The book is now full of rivers.',
    parts: [
      'The board is screwed to the second pier, on the side that the ice does not reach. It is white, with black figures, and is repainted every third summer. Nobody remembers a time without it. The first entry in the first book is from a November: forty-one centimetres, wind from the west, some leaves.',
      'The books stand in the reading room of the library, on the shelf below the atlases, and may be asked for like any other. Few people do. Those who do tend to stay longer than they meant to.',
      { heading: 'What a number keeps' },
      'A water level by itself says little. A hundred years of them say when the snow went, and how fast; which springs were early; in which summers the boys could walk to the island. They say when the mill closed its weir, because the line suddenly grows restless, and when the reservoir upstream was filled, because it grows calm again.',
      'The margins hold the rest. A heron, twice. A piano, once, going by upright. For a whole week of one April there is nothing but the same figure and the word fog.',
      { heading: 'Why not a sensor' },
      'There is a sensor. It was fixed to the third pier eight years ago, reports every ten minutes, and is read by people who plan for floods. It agrees with the board to within a centimetre, and in the two winters when it froze the board was all there was.',
      'So the walk goes on. It takes eleven minutes there and twelve back, the way back being uphill. The waterworks share it out by the week, and new people are shown it on their first morning, before they are shown anything else.',
      'The present book has room until about midsummer. The next one has been bought already. It is the same make, with the same grey cover, and stands beside the others on the shelf, still closed.',
    ],
    sample: 'This is a sample article of the sandbox. The newspaper, the town and its river are made up.',
    support: 'Support us',
    languages,
  },
  ru: {
    paper: 'The Small Gazette',
    place: 'Город',
    title: 'Сто лет утренних замеров у старого моста',
    summary:
      'Каждый день в семь утра кто-нибудь спускается к мосту, смотрит на крашеную рейку и записывает число в тетрадь. За сто лет в тетрадях набралось много рек.',
    parts: [
      'Рейка привинчена ко второй опоре, с той стороны, куда не доходит лёд. Она белая, с чёрными цифрами, и раз в три лета её подкрашивают. Никто не помнит моста без неё. Первая запись в первой тетради — ноябрьская: сорок один сантиметр, ветер западный, немного листьев.',
      'Тетради стоят в читальном зале библиотеки, на полке под атласами, и выдаются, как любая другая книга. Спрашивают их редко. Зато тот, кто спросил, обычно засиживается дольше, чем собирался.',
      { heading: 'Что помнит число' },
      'Один уровень воды мало о чём говорит. А сто лет подряд — уже о многом: когда сошёл снег и быстро ли, какая весна была ранней, в какое лето до острова можно было дойти вброд. По ним видно, когда мельница закрыла запруду: линия вдруг становится беспокойной. И когда выше по течению наполнили водохранилище: она снова успокаивается.',
      'Остальное записано на полях. Дважды — цапля. Один раз — пианино, которое проплыло мимо стоймя. Однажды в апреле всю неделю повторяется одна и та же цифра, и рядом — слово «туман».',
      { heading: 'Почему не датчик' },
      'Датчик тоже есть. Его закрепили на третьей опоре восемь лет назад, он передаёт показания каждые десять минут, и по ним готовятся к паводкам. С рейкой он расходится не больше чем на сантиметр, а в те две зимы, когда он замёрз, кроме рейки не было ничего.',
      'Так что ходить не перестали. Туда — одиннадцать минут, обратно — двенадцать: в гору. Дежурят по неделе, и новичков на водоканале первым утром ведут к мосту, прежде чем показать что-нибудь ещё.',
      'В нынешней тетради места хватит примерно до середины лета. Следующую уже купили: такую же, в серой обложке. Она стоит на полке рядом с остальными, пока закрытая.',
    ],
    sample: 'Это пример статьи из песочницы. Газета, город и река выдуманы.',
    support: 'Поддержать нас',
    languages,
  },
};
