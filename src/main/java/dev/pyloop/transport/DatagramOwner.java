package dev.pyloop.transport;

/**
 * Whom a datagram socket belongs to: who keeps memory alive for it, and sends what it cannot send itself.
 *
 * <p>Called with the loop's lock held. What it hears, and what it is to send, it only takes note of: it does what is to be done
 * about it, in that order, when the socket has returned.
 */
public interface DatagramOwner extends ChunkOwner {
    /** Returns the descriptor; -1 if somebody closed it without telling. */
    int openDescriptor();

    /** Keeps the owner, and so the socket, alive until {@link #release}. */
    void retain();

    /** Undoes {@link #retain}. */
    void release();

    /** A datagram that had been put off is lost, because sending it failed with {@code errno}. */
    void sendFailed(int errno);

    /**
     * A datagram that had been put off was not sent: it is to be sent now, or queued, with all that this entails.
     *
     * @param token what keeps its memory alive, still the socket's
     * @param destination where it goes to, still the socket's
     */
    void sendNow(long token, long destination);
}
