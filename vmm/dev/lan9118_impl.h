/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host bus side (lan9118.c), the FIFOs and the MAC share; for no one else. */
#ifndef VMM_DEV_LAN9118_IMPL_H
#define VMM_DEV_LAN9118_IMPL_H

#include <pthread.h>

#include "vmm/dev/lan9118.h"
#include "vmm/dev/timer.h"

#define LAN_RX_WORDS 3584	/* 14 KiB: more than the data FIFO ever has */
#define LAN_RX_STATUS 224
#define LAN_TX_BYTES (14u << 10)
#define LAN_TX_STATUS 128
#define LAN_EEPROM 128
#define LAN_TX_LEN_MAX 0x7ffu	/* of a frame or buffer, as commands A and B can say it */
#define LAN_FRAME_MAX 1518	/* with a VLAN tag, without FCS */
#define LAN_BACKLOG_FRAMES 512

/* INT_STS */
#define LAN_INT_SW (1u << 31)
#define LAN_INT_TX_STOP (1u << 25)
#define LAN_INT_RX_STOP (1u << 24)
#define LAN_INT_TX_IOC (1u << 21)
#define LAN_INT_RX_DMA (1u << 20)
#define LAN_INT_GPT (1u << 19)
#define LAN_INT_PHY (1u << 18)
#define LAN_INT_TX_STATUS_OVERFLOW (1u << 16)
#define LAN_INT_RX_ERROR (1u << 14)
#define LAN_INT_TX_ERROR (1u << 13)
#define LAN_INT_TX_OVERRUN (1u << 10)
#define LAN_INT_TX_AVAILABLE (1u << 9)
#define LAN_INT_TX_STATUS_FULL (1u << 8)
#define LAN_INT_TX_STATUS_LEVEL (1u << 7)
#define LAN_INT_RX_DROPPED (1u << 6)
#define LAN_INT_RX_STATUS_FULL (1u << 4)
#define LAN_INT_RX_STATUS_LEVEL (1u << 3)
/* TX_CFG */
#define LAN_TX_STATUS_DUMP (1u << 15)
#define LAN_TX_DATA_DUMP (1u << 14)
#define LAN_TX_STATUS_OVERRUN (1u << 2)
#define LAN_TX_ON (1u << 1)
#define LAN_TX_STOP (1u << 0)
/* RX_CFG */
#define LAN_RX_DUMP (1u << 15)
/* MAC_CR */
#define LAN_CR_RXALL (1u << 31)
#define LAN_CR_LOOPBACK (1u << 21)
#define LAN_CR_TXEN (1u << 3)
#define LAN_CR_RXEN (1u << 2)

struct lan_tx_frame {
	u16 len;		/* bytes in tx_data */
	u16 tag;
	u16 space;		/* bytes of the data FIFO, with the command words */
	u8 flags;		/* LAN_TXF_* */
};

#define LAN_TXF_IOC 1u
#define LAN_TXF_NO_CRC 2u
#define LAN_TXF_NO_PAD 4u

/* One that has come and been accepted, but for which the FIFO has no room yet. */
struct lan_rx_frame {
	struct lan_rx_frame *next;
	u32 len, status;
	u8 data[];
};

enum lan_tx_state { LAN_TX_A, LAN_TX_B, LAN_TX_DATA };

struct lan9118 {
	struct device dev;
	struct loop *loop;
	struct netdev *netdev;
	struct irq_line irq;
	bool bus16;
	pthread_mutex_t lock;	/* everything below; then comes the GIC's */
	struct dev_timer gpt;
	bool level;
	/* System registers, as the guest sees them. */
	u32 irq_cfg, int_sts, int_en, fifo_int, rx_cfg, tx_cfg, hw_cfg, pmt_ctrl, gpio_cfg;
	u32 gpt_cfg, word_swap, mac_cmd, mac_data, afc_cfg, e2p_cmd, e2p_data, rx_drop;
	u64 gpt_start, free_run_start;	/* ns */
	u64 gpt_age, free_run_age;	/* for the save table: of those */
	/* A 16-bit bus: one half of a register, the other comes next. */
	bool half_read, half_written;
	u16 half_off, half_write_off;
	u32 half_val, half_write_val;
	/* MAC, PHY, EEPROM. */
	u32 mac_cr, addrh, addrl, hashh, hashl, mii_acc, mii_data, flow, vlan1, vlan2, wuff, wucsr;
	u16 bmcr, anar, phy_mode, phy_special, phy_int, phy_mask;
	u8 eeprom[LAN_EEPROM];
	bool eeprom_writable;
	/* Receive: words of packets, their lengths, their statuses. */
	u32 rx_head, rx_used;
	u32 rx_words[LAN_RX_WORDS];
	u32 pkt_head, pkt_count;
	u16 pkt_words[LAN_RX_STATUS];	/* still in the FIFO */
	u32 rxs_head, rxs_count;
	u32 rx_status[LAN_RX_STATUS];
	/* User-mode networking does not wait: it sends what TCP's window allows. */
	struct lan_rx_frame *backlog, **backlog_tail;
	unsigned int backlog_frames;
	bool paused;			/* can_receive() has said no */
	bool poke_queued;
	/* Transmit: whole frames from the front of tx_data, then the one that comes in. */
	u8 tx_state;			/* enum lan_tx_state */
	u32 cmd_a, cmd_b;
	u32 tx_skip, tx_left, tx_pad;	/* of a buffer: bytes, bytes, words */
	bool tx_open;			/* a first segment has been seen */
	u32 tx_len;			/* bytes of the open frame */
	u32 tx_space;			/* bytes of the FIFO it takes */
	u32 tx_bytes, tx_queue_space;	/* of the frames that are complete */
	unsigned int tx_frames;
	struct lan_tx_frame tx_frame[LAN_TX_STATUS];
	u8 tx_data[LAN_TX_BYTES + 4];
	u32 txs_head, txs_count;
	u32 tx_status[LAN_TX_STATUS];
	bool tx_queued;
	bool loaded;			/* and not yet resumed */
	/* The loop's thread only. */
	struct lan_tx_frame out[LAN_TX_STATUS];
	u8 out_data[LAN_TX_BYTES];
};

extern const struct save_table lan_save_table;	/* lan9118_save.c */

/* All with the lock held; who changes state calls lan_update_irq() in the end. */
void lan_update_irq(struct lan9118 *l);
/* The pin, as the registers say it. */
bool lan_irq_level(const struct lan9118 *l);

/* lan9118_fifo.c */
u32 lan_rx_size(const struct lan9118 *l);	/* bytes of the data FIFOs */
u32 lan_tx_size(const struct lan9118 *l);
u32 lan_rx_status_size(const struct lan9118 *l);	/* entries */
u32 lan_tx_free(const struct lan9118 *l);	/* bytes */
u32 lan_rx_read(struct lan9118 *l);
u32 lan_rx_status(struct lan9118 *l, bool take);
void lan_rx_forward(struct lan9118 *l);
void lan_rx_dump(struct lan9118 *l);
/* A frame from the wire, or from the transmitter. */
void lan_rx_frame(struct lan9118 *l, const u8 *data, size_t len);
void lan_tx_write(struct lan9118 *l, u32 val);
u32 lan_tx_status(struct lan9118 *l, bool take);
void lan_tx_dump(struct lan9118 *l);
/* There may be something to send, and room for its status. */
void lan_tx_kick(struct lan9118 *l);
void lan_tx_run(void *opaque);		/* on the loop's thread, unlocked */
void lan_poke_run(void *opaque);

/* lan9118_mac.c */
u32 lan_mac_read(struct lan9118 *l, u32 index);
void lan_mac_write(struct lan9118 *l, u32 index, u32 val);
void lan_mac_reset(struct lan9118 *l);
void lan_phy_reset(struct lan9118 *l);
bool lan_phy_interrupt(const struct lan9118 *l);
bool lan_loopback(const struct lan9118 *l);
bool lan_link_up(const struct lan9118 *l);
void lan_eeprom_command(struct lan9118 *l, u32 cmd);
/* Is the frame for us?  *@failed: only because everything is to be received. */
bool lan_filter(const struct lan9118 *l, const u8 *dest, bool *failed);

#endif
