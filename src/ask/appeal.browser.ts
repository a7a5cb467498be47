// Inside the frame of the appeal: tells the page around it how tall the appeal is, and no one else.
const host = new URLSearchParams(location.search).get('host');
const appeal = document.querySelector('.appeal');

if (host && appeal && parent !== window) {
  const tell = () =>
    parent.postMessage(
      { favor: 'appeal', height: appeal.getBoundingClientRect().height, title: document.title },
      host,
    );
  new ResizeObserver(tell).observe(appeal);
}

export {};
