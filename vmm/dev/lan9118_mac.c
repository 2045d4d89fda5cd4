/* SPDX-License-Identifier: GPL-2.0-only */
/* The LAN9118's MAC registers (data sheet 5.4), PHY (5.5) and EEPROM (3.10). */
#include <string.h>
#include <zlib.h>

#include "vmm/dev/lan9118_impl.h"
#include "vmm/dev/regs.h"

#define PHY_ADDRESS 1

/* MAC_CR */
#define CR_MCPAS (1u << 19)
#define CR_PRMS (1u << 18)
#define CR_INVFILT (1u << 17)
#define CR_HO (1u << 15)
#define CR_HPFILT (1u << 13)
#define CR_BCAST (1u << 11)
#define CR_RESET 0x00040000u
#define CR_MASK 0x90bfbdecu
/* MII_ACC */
#define MII_WRITE (1u << 1)
#define MII_BUSY (1u << 0)
/* BMCR */
#define BMCR_RESET (1u << 15)
#define BMCR_LOOPBACK (1u << 14)
#define BMCR_ANEG (1u << 12)
#define BMCR_POWER_DOWN (1u << 11)
#define BMCR_RESTART (1u << 9)
#define BMCR_MASK 0x7d80u
/* The PHY's interrupt sources */
#define PHY_INT_ANEG (1u << 6)
/* E2P_CMD */
#define E2P_COMMAND(cmd) ((cmd) >> 28 & 7)
#define E2P_TIMEOUT (1u << 9)
#define E2P_LOADED (1u << 8)
#define EEPROM_MAGIC 0xa5

enum { E2P_READ, E2P_EWDS, E2P_EWEN, E2P_WRITE, E2P_WRAL, E2P_ERASE, E2P_ERAL, E2P_RELOAD };

bool lan_loopback(const struct lan9118 *l)
{
	return l->mac_cr & LAN_CR_LOOPBACK || l->bmcr & BMCR_LOOPBACK;
}

bool lan_link_up(const struct lan9118 *l)
{
	return l->netdev && !(l->bmcr & BMCR_POWER_DOWN);
}

bool lan_phy_interrupt(const struct lan9118 *l)
{
	return l->phy_int & l->phy_mask;
}

/* Negotiation takes no time: the partner is a switch that can do everything. */
static void negotiate(struct lan9118 *l)
{
	if (l->bmcr & BMCR_ANEG && lan_link_up(l))
		l->phy_int |= PHY_INT_ANEG;
}

void lan_phy_reset(struct lan9118 *l)
{
	l->bmcr = 0x3000;
	l->anar = 0x01e1;
	l->phy_mode = 0;
	l->phy_special = 0;
	l->phy_int = l->phy_mask = 0;
	negotiate(l);
}

/* 5.5: register 31 says what the link runs at. */
static u16 phy_speed(const struct lan9118 *l)
{
	if (!lan_link_up(l))
		return 0x0040;
	if (l->bmcr & BMCR_ANEG)
		return 0x1058;
	return 0x0040 | (l->bmcr & 0x2000 ? 2 << 2 : 1 << 2) | (l->bmcr & 0x0100 ? 4 << 2 : 0);
}

static u16 phy_read(struct lan9118 *l, u32 reg)
{
	bool up = lan_link_up(l), done = up && l->bmcr & BMCR_ANEG;
	u16 val;

	switch (reg) {
	case 0:
		return l->bmcr;
	case 1:
		return 0x7809 | (up ? 1 << 2 : 0) | (done ? 1 << 5 : 0);
	case 2:
		return 0x0007;
	case 3:
		return 0xc0d1;
	case 4:
		return l->anar;
	case 5:
		return done ? 0x41e1 : 0;
	case 6:
		return done ? 0x0003 : 0;
	case 17:
		return l->phy_mode | (up ? 1 << 1 : 0);	/* ENERGYON */
	case 18:
		return 0x00e0 | PHY_ADDRESS;
	case 27:
		return l->phy_special;
	case 29:
		val = l->phy_int;
		l->phy_int = 0;
		return val;
	case 30:
		return l->phy_mask;
	case 31:
		return phy_speed(l);
	default:
		return 0;
	}
}

static void phy_write(struct lan9118 *l, u32 reg, u16 val)
{
	switch (reg) {
	case 0:
		if (val & BMCR_RESET) {
			lan_phy_reset(l);
			break;
		}
		l->bmcr = val & BMCR_MASK;
		if (val & BMCR_RESTART)
			negotiate(l);
		break;
	case 4:
		l->anar = (val & 0x2de0) | 1;
		break;
	case 17:
		l->phy_mode = val & 0x2e04;
		break;
	case 27:
		l->phy_special = val & 0xe000;
		break;
	case 30:
		l->phy_mask = val & 0xfe;
		break;
	}
}

/* Only one PHY is on the bus; reading another finds the pull-ups. */
static void write_mii_acc(void *dev, u32 val)
{
	struct lan9118 *l = dev;
	u32 reg = val >> 6 & 0x1f;
	bool ours = (val >> 11 & 0x1f) == PHY_ADDRESS;

	l->mii_acc &= ~MII_BUSY;
	if (!(val & MII_WRITE))
		l->mii_data = ours ? phy_read(l, reg) : 0xffff;
	else if (ours)
		phy_write(l, reg, l->mii_data);
	lan_tx_kick(l);
}

static void write_mac_cr(struct lan9118 *l, u32 val)
{
	u32 old = l->mac_cr;

	l->mac_cr = val & CR_MASK;
	if (old & ~val & LAN_CR_RXEN)
		l->int_sts |= LAN_INT_RX_STOP;
	lan_tx_kick(l);
}

#define FIELD(f) offsetof(struct lan9118, f)

/* Their "offsets" are the indices of MAC_CSR_CMD.  MAC_CR has a function of its own. */
static const struct dev_reg mac_regs[] = {
	{ 0x1, FIELD(mac_cr), CR_RESET, 0, "MAC_CR", NULL, NULL },
	{ 0x2, FIELD(addrh), 0xffff, 0xffff, "ADDRH", NULL, NULL },
	{ 0x3, FIELD(addrl), ~0u, ~0u, "ADDRL", NULL, NULL },
	{ 0x4, FIELD(hashh), 0, ~0u, "HASHH", NULL, NULL },
	{ 0x5, FIELD(hashl), 0, ~0u, "HASHL", NULL, NULL },
	{ 0x6, FIELD(mii_acc), 0, 0xffc2, "MII_ACC", NULL, write_mii_acc },
	{ 0x7, FIELD(mii_data), 0, 0xffff, "MII_DATA", NULL, NULL },
	{ 0x8, FIELD(flow), 0, 0xffff0006, "FLOW", NULL, NULL },
	{ 0x9, FIELD(vlan1), 0xffff, 0xffff, "VLAN1", NULL, NULL },
	{ 0xa, FIELD(vlan2), 0xffff, 0xffff, "VLAN2", NULL, NULL },
	{ 0xb, FIELD(wuff), 0, ~0u, "WUFF", NULL, NULL },
	{ 0xc, FIELD(wucsr), 0, 0x0206, "WUCSR", NULL, NULL },
};

u32 lan_mac_read(struct lan9118 *l, u32 index)
{
	const struct dev_reg *row = dev_reg_find(mac_regs, ARM_ARRAY_SIZE(mac_regs), index);

	return row ? dev_reg_read(row, l) : 0;
}

void lan_mac_write(struct lan9118 *l, u32 index, u32 val)
{
	const struct dev_reg *row = dev_reg_find(mac_regs, ARM_ARRAY_SIZE(mac_regs), index);

	if (index == 1)
		write_mac_cr(l, val);
	else if (row)
		dev_reg_write(row, l, val);
}

/* 3.10: the address comes from bytes 1 to 6 when byte 0 says that it is there. */
static void eeprom_load(struct lan9118 *l)
{
	const u8 *e = l->eeprom;

	l->e2p_cmd &= ~E2P_LOADED;
	if (e[0] != EEPROM_MAGIC)
		return;
	l->addrl = e[1] | e[2] << 8 | e[3] << 16 | (u32)e[4] << 24;
	l->addrh = e[5] | e[6] << 8;
	l->e2p_cmd |= E2P_LOADED;
}

void lan_mac_reset(struct lan9118 *l)
{
	dev_reg_reset(mac_regs, ARM_ARRAY_SIZE(mac_regs), l);
	l->eeprom_writable = false;
	eeprom_load(l);
}

/* Erased bytes are ones.  A write without permission is never acknowledged. */
void lan_eeprom_command(struct lan9118 *l, u32 cmd)
{
	u32 op = E2P_COMMAND(cmd), addr = cmd % LAN_EEPROM;
	bool all = op == E2P_WRAL || op == E2P_ERAL;
	u8 val = op == E2P_WRITE || op == E2P_WRAL ? l->e2p_data : 0xff;

	l->e2p_cmd = (l->e2p_cmd & E2P_LOADED) | (cmd & 0x700000ff);
	switch (op) {
	case E2P_READ:
		l->e2p_data = l->eeprom[addr];
		break;
	case E2P_EWDS:
	case E2P_EWEN:
		l->eeprom_writable = op == E2P_EWEN;
		break;
	case E2P_RELOAD:
		eeprom_load(l);
		break;
	default:
		if (!l->eeprom_writable)
			l->e2p_cmd |= E2P_TIMEOUT;
		else
			memset(all ? l->eeprom : &l->eeprom[addr], val, all ? LAN_EEPROM : 1);
		break;
	}
}

/* 3.5: the upper six bits of the CRC, as it goes over the wire, are the bit of the table. */
static bool hash_match(const struct lan9118 *l, const u8 *dest)
{
	u32 crc = ~(u32)crc32(0, dest, 6), bit = 0;

	for (unsigned int i = 0; i < 6; i++)
		bit = bit << 1 | (crc >> i & 1);
	return (bit & 0x20 ? l->hashh : l->hashl) >> (bit & 0x1f) & 1;
}

static bool perfect_match(const struct lan9118 *l, const u8 *dest)
{
	u32 low = dest[0] | dest[1] << 8 | dest[2] << 16 | (u32)dest[3] << 24;

	return low == l->addrl && (u32)(dest[4] | dest[5] << 8) == l->addrh;
}

static bool filter_passes(const struct lan9118 *l, const u8 *dest)
{
	static const u8 broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	u32 cr = l->mac_cr;

	if (!memcmp(dest, broadcast, 6))
		return !(cr & CR_BCAST);
	if (cr & CR_PRMS)
		return true;
	if (dest[0] & 1 && cr & CR_MCPAS)
		return true;
	if (cr & CR_INVFILT)
		return !perfect_match(l, dest);
	if (cr & CR_HPFILT && (dest[0] & 1 || cr & CR_HO))
		return hash_match(l, dest);
	return perfect_match(l, dest);
}

bool lan_filter(const struct lan9118 *l, const u8 *dest, bool *failed)
{
	*failed = !filter_passes(l, dest);
	return !*failed || l->mac_cr & LAN_CR_RXALL;
}
