/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a LAN9118 moves to another host: registers, FIFOs, EEPROM.  Not the
 * frames that have come and wait for room in the receive FIFO: networks lose frames.
 */
#include "vmm/dev/lan9118_impl.h"
#include "vmm/host/log.h"

static const struct save_field frame_fields[] = {
	SAVE_MAX(struct lan_tx_frame, len, LAN_TX_LEN_MAX),
	SAVE(struct lan_tx_frame, tag),
	SAVE_MAX(struct lan_tx_frame, space, LAN_TX_BYTES),
	SAVE_MAX(struct lan_tx_frame, flags, LAN_TXF_IOC | LAN_TXF_NO_CRC | LAN_TXF_NO_PAD),
	SAVE_LAST,
};

static const struct save_field fields[] = {
	SAVE(struct lan9118, irq_cfg),
	SAVE(struct lan9118, int_sts),
	SAVE(struct lan9118, int_en),
	SAVE(struct lan9118, fifo_int),
	SAVE(struct lan9118, rx_cfg),
	SAVE(struct lan9118, tx_cfg),
	SAVE(struct lan9118, hw_cfg),
	SAVE(struct lan9118, pmt_ctrl),
	SAVE(struct lan9118, gpio_cfg),
	SAVE(struct lan9118, gpt_cfg),
	SAVE(struct lan9118, word_swap),
	SAVE(struct lan9118, mac_cmd),
	SAVE(struct lan9118, mac_data),
	SAVE(struct lan9118, afc_cfg),
	SAVE(struct lan9118, e2p_cmd),
	SAVE(struct lan9118, e2p_data),
	SAVE(struct lan9118, rx_drop),
	SAVE_MAX(struct lan9118, gpt_age, DEV_AGE_MAX),
	SAVE_MAX(struct lan9118, free_run_age, DEV_AGE_MAX),
	SAVE_MAX(struct lan9118, gpt.left, DEV_LEFT_MAX),
	SAVE(struct lan9118, half_read),
	SAVE(struct lan9118, half_written),
	SAVE(struct lan9118, half_off),
	SAVE(struct lan9118, half_write_off),
	SAVE(struct lan9118, half_val),
	SAVE(struct lan9118, half_write_val),
	SAVE(struct lan9118, mac_cr),
	SAVE(struct lan9118, addrh),
	SAVE(struct lan9118, addrl),
	SAVE(struct lan9118, hashh),
	SAVE(struct lan9118, hashl),
	SAVE(struct lan9118, mii_acc),
	SAVE(struct lan9118, mii_data),
	SAVE(struct lan9118, flow),
	SAVE(struct lan9118, vlan1),
	SAVE(struct lan9118, vlan2),
	SAVE(struct lan9118, wuff),
	SAVE(struct lan9118, wucsr),
	SAVE(struct lan9118, bmcr),
	SAVE(struct lan9118, anar),
	SAVE(struct lan9118, phy_mode),
	SAVE(struct lan9118, phy_special),
	SAVE(struct lan9118, phy_int),
	SAVE(struct lan9118, phy_mask),
	SAVE_BUFFER(struct lan9118, eeprom),
	SAVE(struct lan9118, eeprom_writable),
	/* Receive. */
	SAVE_MAX(struct lan9118, rx_head, LAN_RX_WORDS - 1),
	SAVE_MAX(struct lan9118, rx_used, LAN_RX_WORDS),
	SAVE_ARRAY(struct lan9118, rx_words),
	SAVE_MAX(struct lan9118, pkt_head, LAN_RX_STATUS - 1),
	SAVE_MAX(struct lan9118, pkt_count, LAN_RX_STATUS),
	SAVE_ARRAY_MAX(struct lan9118, pkt_words, LAN_RX_WORDS),
	SAVE_MAX(struct lan9118, rxs_head, LAN_RX_STATUS - 1),
	SAVE_MAX(struct lan9118, rxs_count, LAN_RX_STATUS),
	SAVE_ARRAY(struct lan9118, rx_status),
	/* Transmit. */
	SAVE_MAX(struct lan9118, tx_state, LAN_TX_DATA),
	SAVE(struct lan9118, cmd_a),
	SAVE(struct lan9118, cmd_b),
	SAVE_MAX(struct lan9118, tx_skip, 31),
	SAVE_MAX(struct lan9118, tx_left, LAN_TX_LEN_MAX),
	SAVE_MAX(struct lan9118, tx_pad, 8),
	SAVE(struct lan9118, tx_open),
	SAVE_MAX(struct lan9118, tx_len, LAN_TX_LEN_MAX + 1),
	SAVE_MAX(struct lan9118, tx_space, LAN_TX_BYTES),
	SAVE_MAX(struct lan9118, tx_bytes, LAN_TX_BYTES),
	SAVE_MAX(struct lan9118, tx_queue_space, LAN_TX_BYTES),
	SAVE_MAX(struct lan9118, tx_frames, LAN_TX_STATUS),
	SAVE_SUBS(struct lan9118, tx_frame, frame_fields),
	SAVE_BUFFER(struct lan9118, tx_data),
	SAVE_MAX(struct lan9118, txs_head, LAN_TX_STATUS - 1),
	SAVE_MAX(struct lan9118, txs_count, LAN_TX_STATUS),
	SAVE_ARRAY(struct lan9118, tx_status),
	SAVE_LAST,
};

static void lan_before(void *obj)
{
	struct lan9118 *l = obj;

	pthread_mutex_lock(&l->lock);
	l->gpt_age = dev_age(l->gpt.clock, l->gpt_start);
	l->free_run_age = dev_age(l->gpt.clock, l->free_run_start);
	dev_timer_save(&l->gpt);
	pthread_mutex_unlock(&l->lock);
}

/* The words of the packets are those in the FIFO, none of which is without any. */
static bool receive_ok(const struct lan9118 *l)
{
	u32 words = 0;

	for (u32 i = 0; i < l->pkt_count; i++) {
		u32 n = l->pkt_words[(l->pkt_head + i) % LAN_RX_STATUS];

		if (!n)
			return false;
		words += n;
	}
	return words == l->rx_used;
}

/*
 * A byte of a frame takes at least one of the FIFO's space, which is what keeps tx_data from
 * running over.
 */
static bool transmit_ok(const struct lan9118 *l)
{
	u32 bytes = 0, space = 0;

	for (u32 i = 0; i < l->tx_frames; i++) {
		if (l->tx_frame[i].len > l->tx_frame[i].space)
			return false;
		bytes += l->tx_frame[i].len;
		space += l->tx_frame[i].space;
	}
	return bytes == l->tx_bytes && space == l->tx_queue_space && l->tx_len <= l->tx_space &&
	       space + l->tx_space <= LAN_TX_BYTES;
}

static int lan_after(void *obj, char **err)
{
	struct lan9118 *l = obj;

	if (!receive_ok(l) || !transmit_ok(l))
		return err_set(err, -EINVAL, "lan9118: the frames in its %s FIFO are not as long as the FIFO says; the"
			       " stream is damaged", receive_ok(l) ? "transmit" : "receive");
	pthread_mutex_lock(&l->lock);
	l->gpt_start = dev_age(l->gpt.clock, l->gpt_age);
	l->free_run_start = dev_age(l->gpt.clock, l->free_run_age);
	dev_timer_load(&l->gpt);
	l->loaded = true;
	l->level = lan_irq_level(l);
	irq_restore(&l->irq, l->level);
	lan_update_irq(l);
	pthread_mutex_unlock(&l->lock);
	return 0;
}

const struct save_table lan_save_table = {
	.name = "lan9118", .version = 1, .fields = fields, .before = lan_before, .after = lan_after,
};
