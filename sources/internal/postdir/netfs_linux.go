package postdir

import "golang.org/x/sys/unix"

// networks are the file systems whose changes by others the kernel does not tell (statfs(2), f_type).
var networks = map[int64]string{
	unix.NFS_SUPER_MAGIC:  "NFS",
	unix.SMB_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC: "CIFS",
	unix.SMB2_SUPER_MAGIC: "SMB2",
	unix.FUSE_SUPER_MAGIC: "FUSE",
	unix.V9FS_MAGIC:       "9P",
	unix.CEPH_SUPER_MAGIC: "Ceph",
	unix.AFS_SUPER_MAGIC:  "AFS",
	unix.CODA_SUPER_MAGIC: "Coda",
	0x0BD00BD0:            "Lustre",
	0x786F4256:            "vboxsf",
}

// networkFS names the network file system a path is on; empty for a local one.
func networkFS(path string) string {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "" // the watch itself says what is wrong
	}
	return networks[int64(st.Type)&0xffffffff]
}
