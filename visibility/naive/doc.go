// Package naive is the second opinion on who may see what: SPEC 3.1, 3.2 and the block lists of SPEC 4, told over the plain
// facts as slowly and as plainly as they can be told. It shares no code, no query and no database view with the rules, the
// stamps or the readers that it judges, and it must stay so: a mistake made there is not to be made here too. Hence the
// plain select statements of its own.
//
// It never writes, and nothing but verification and tests may ask it.
//
// Where SPEC is silent it says what it takes for granted:
//
//   - a card that is deleted or not yet known has no addresses and is opened by nobody; so a deal has the addresses of its
//     open contacts only, and R3 looks at open contacts only;
//   - an address belongs to a user whatever became of the user: mail with a former colleague stays internal;
//   - R5 asks for a present owner who is an active user; a former owner's conversation on a card without owner is
//     handed over to nobody: hidden;
//   - who is not an active user opens no card; mail of an author whom the CRM has deleted, or has not
//     told of, is shown to nobody, whatever its stamp says;
//   - a share that came over by a conversion or merge is held whenever the audience told of its card has somebody whom the
//     audience told of the other had not, until its author says something there (SPEC 8);
//   - its author sees a message on a card where at least one conversation of it is on the card and not blocked.
package naive
