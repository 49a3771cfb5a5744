package dev.pyloop.transport;

/** The owner of chunks: keeps their memory alive while they wait to be sent. */
@FunctionalInterface
public interface ChunkOwner {
    /** Gives up the memory of a chunk that was sent or dropped; may run any code for datagrams, none for streams. */
    void releaseChunk(long token);
}
