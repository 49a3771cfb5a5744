package dev.pyloop.bridge;

import org.jspecify.annotations.Nullable;

/** An event that is a kind, a token and a value, and nothing more. */
final class Notice extends Event {
    private final int kind;
    private final long token;
    private final @Nullable Object value;

    Notice(int kind, long token, @Nullable Object value) {
        this.kind = kind;
        this.token = token;
        this.value = value;
    }

    @Override
    void report(Mailbox mailbox, int row) {
        mailbox.write(row, token, kind, 0, value);
    }
}
