// On the sandbox's page: a clock that is being moved says so, and is not moved a second time meanwhile.
for (const form of document.querySelectorAll<HTMLFormElement>('form[data-moving]')) {
  form.addEventListener('submit', (event) => {
    const pressed = event.submitter;
    const buttons = [...document.querySelectorAll<HTMLButtonElement>('form[data-moving] button')];
    // Only after the browser has read the form: a button that is off is left out of it.
    setTimeout(() => {
      for (const button of buttons) button.disabled = true;
      if (pressed) pressed.textContent = form.dataset.moving ?? '';
      form.setAttribute('aria-busy', 'true');
    });
  });
}

// A page taken back from the browser's memory is not moving any more.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

export {};
