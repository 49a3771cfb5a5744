package dev.pyloop.reactor;

/** What a descriptor is watched for, and what it is ready for: a set of bits. */
public final class Interest {
    /** Nothing. */
    public static final int NONE = 0;
    /** Data, a connection or an end of file can be read. */
    public static final int READ = 1;
    /** Data can be written. */
    public static final int WRITE = 2;

    private Interest() {}
}
