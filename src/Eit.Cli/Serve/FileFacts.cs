using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Eit.Cli.Serve;

/// <summary>What Linux says of a file, no link followed: whose it is, of what kind, and which one.</summary>
/// <param name="Owner">The user that it belongs to.</param>
/// <param name="Kind">The kind of file, as in its mode.</param>
/// <param name="Identity">Device and inode: two names with the same are one file.</param>
internal sealed partial record FileFacts(uint Owner, int Kind, (ulong Device, ulong Inode) Identity)
{
    private const int KindMask = 0xF000;
    private const int LinkKind = 0xA000;
    private const int RegularKind = 0x8000;

    private const int CurrentFolder = -100;                        // AT_FDCWD
    private const int NoFollow = 0x100;                            // AT_SYMLINK_NOFOLLOW
    private const int EmptyPath = 0x1000;                          // AT_EMPTY_PATH
    private const uint BasicStats = 0x7FF;                         // STATX_BASIC_STATS
    private const int StatxBytes = 256;                            // The layout of struct statx is the same on every machine.

    /// <summary>Gets whether this system tells.</summary>
    internal static bool AreTold => OperatingSystem.IsLinux();

    /// <summary>Gets the user that this process acts as.</summary>
    internal static uint CurrentUser => EffectiveUser();

    internal bool IsLink => Kind == LinkKind;

    internal bool IsRegular => Kind == RegularKind;

    /// <summary>Looks at a path; null if nothing is there, or the system does not tell.</summary>
    internal static FileFacts? Of(string path) => AreTold ? Read(CurrentFolder, path, NoFollow) : null;

    /// <summary>Looks at an open file.</summary>
    internal static FileFacts? Of(SafeFileHandle file) => AreTold ? Read((int)file.DangerousGetHandle(), "", EmptyPath) : null;

    private static FileFacts? Read(int folder, string path, int flags)
    {
        byte[] stat = new byte[StatxBytes];
        if (Statx(folder, path, flags, BasicStats, stat) != 0) { return null; }
        uint Number(int at) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(stat.AsSpan(at)) : BinaryPrimitives.ReadUInt32BigEndian(stat.AsSpan(at));
        ulong device = ((ulong)Number(136) << 32) | Number(140);
        return new FileFacts(Number(20), BitConverter.ToUInt16(stat, 28) & KindMask, (device, BitConverter.ToUInt64(stat, 32)));
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, byte[] result);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
